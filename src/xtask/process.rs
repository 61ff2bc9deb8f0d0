//! Runs commands and returns what they printed. Nothing that was started outlives the task runner.
//!
//! Each command gets a process group of its own, so Ctrl-C reaches only the task runner. It then ends the
//! groups and removes its temporary folders.

use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::ui::progress::{self, Step};

/// The limit for a set-up or build command.
pub(crate) const LONG: Duration = Duration::from_secs(30 * 60);
/// How many of the last lines are shown after a failure.
const TAIL: usize = 60;
/// How long a process may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

static STARTED: Mutex<Started> =
    Mutex::new(Started { groups: Vec::new(), folders: Vec::new(), stopping: false });

struct Started {
    groups: Vec<Pid>,
    folders: Vec<PathBuf>,
    stopping: bool,
}

/// A line that a command printed.
pub(crate) struct Line {
    pub(crate) standard_output: bool,
    pub(crate) text: String,
}

/// The output and outcome of a command.
pub(crate) struct Output {
    pub(crate) lines: Vec<Line>,
    /// Whether it ended by itself with exit status 0.
    pub(crate) succeeded: bool,
    /// The outcome in words.
    pub(crate) ending: String,
}

impl Output {
    /// Everything that was printed, in order.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{}\n", line.text)).collect()
    }

    /// The lines of standard output.
    pub(crate) fn standard_output(&self) -> String {
        let printed = self.lines.iter().filter(|line| line.standard_output);
        printed.map(|line| format!("{}\n", line.text)).collect()
    }

    /// The lines of standard error.
    pub(crate) fn standard_error(&self) -> String {
        let printed = self.lines.iter().filter(|line| !line.standard_output);
        printed.map(|line| format!("{}\n", line.text)).collect()
    }

    /// The last lines, without cargo's messages for programs.
    pub(crate) fn tail(&self) -> String {
        tail(
            self.lines.iter().map(|line| line.text.as_str()).filter(|text| !text.starts_with("{\"reason\":")),
        )
    }
}

/// Runs a command until it ends or reaches the limit. `step` shows its last line meanwhile.
pub(crate) fn run(command: &mut Command, limit: Duration, step: &Step) -> Result<Output> {
    let (mut group, printed) = Group::start(command)?;
    let since = Instant::now();
    let mut lines: Vec<Line> = Vec::new();
    let mut status: Option<(ExitStatus, Instant)> = None;
    let mut ending = None;
    loop {
        match printed.recv_timeout(Duration::from_millis(25)) {
            Ok(line) => {
                // Do not show cargo's messages for programs.
                if !line.text.starts_with('{') {
                    step.note(&line.text);
                }
                lines.push(line);
                // A command that never stops printing must reach the limit too.
                if since.elapsed() <= limit {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if status.is_some() => break,
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(5)),
        }
        match status {
            // Its children may keep the pipes open: do not wait for them.
            Some((_, ended)) if ended.elapsed() > Duration::from_secs(1) => break,
            Some(_) => {}
            None => status = group.child.try_wait()?.map(|status| (status, Instant::now())),
        }
        if status.is_none() && since.elapsed() > limit {
            ending = Some(format!("took longer than {} s", limit.as_secs()));
            break;
        }
    }
    let succeeded = ending.is_none() && status.is_some_and(|(status, _)| status.success());
    let ending = ending.unwrap_or_else(|| status.map_or_else(String::new, |(status, _)| status.to_string()));
    match status {
        Some(_) => group.forget(),
        None => group.stop(),
    }
    Ok(Output { lines, succeeded, ending })
}

/// Runs a command that must succeed. The error contains its last lines.
pub(crate) fn run_ok(command: &mut Command, step: &Step) -> Result<Output> {
    let output = run(command, LONG, step)?;
    if !output.succeeded {
        bail!("`{}`: {}\n{}", shown(command), output.ending, output.tail());
    }
    Ok(output)
}

/// Returns the output of a command, or `None` if it could not be started or failed.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A server that runs in the background until it is dropped.
pub(crate) struct Server {
    name: &'static str,
    group: Group,
    printed: Mutex<(Receiver<Line>, Vec<String>)>,
}

impl Server {
    /// Starts the server.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let (group, printed) = Group::start(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, group, printed: Mutex::new((printed, Vec::new())) })
    }

    /// Waits for the first line for which `find` returns a value.
    pub(crate) fn wait_for<T>(&mut self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let since = Instant::now();
        loop {
            let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(line) = printed.0.recv_timeout(Duration::from_millis(25)) {
                let found = find(&line.text);
                printed.1.push(line.text);
                if let Some(found) = found {
                    return Ok(found);
                }
                continue;
            }
            drop(printed);
            self.alive()?;
            if since.elapsed() > limit {
                bail!("{} is not ready after {} s\n{}", self.name, limit.as_secs(), self.last_words());
            }
        }
    }

    /// # Errors
    /// If the server has ended; contains its last lines.
    pub(crate) fn alive(&mut self) -> Result<()> {
        match self.group.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                // Its last lines may still be in the pipe.
                thread::sleep(Duration::from_millis(50));
                bail!("{} ended early: {status}\n{}", self.name, self.last_words())
            }
        }
    }

    /// Its process ID.
    pub(crate) fn id(&self) -> u32 {
        self.group.child.id()
    }

    /// Ends the server and waits for it.
    pub(crate) fn stop(mut self) {
        self.group.stop();
    }

    fn last_words(&self) -> String {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(line) = printed.0.try_recv() {
            printed.1.push(line.text);
        }
        tail(printed.1.iter().map(String::as_str))
    }
}

/// A folder that only its owner can read. It is removed when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Result<Self> {
        // Containers reuse process IDs, so the name contains the time too.
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = std::env::temp_dir().join(format!("jotgate-{name}-{}-{time}", std::process::id()));
        // `create` fails for a folder that exists, so a prepared folder is never used.
        DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("`{}`", path.display()))?;
        let scratch = Self(path);
        let mut started = started();
        started.folders.push(scratch.0.clone());
        drop(started);
        stop_if_stopping()?;
        Ok(scratch)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        started().folders.retain(|folder| *folder != self.0);
    }
}

/// On Ctrl-C, SIGTERM and SIGHUP, ends what was started and removes temporary folders before the process ends.
pub(crate) fn clean_up_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            stop_everything(signal);
        }
    });
    Ok(())
}

/// Waits for the thread that stops everything. Other errors do not matter then.
pub(crate) fn wait_if_stopping() {
    while started().stopping {
        thread::sleep(GRACE);
    }
}

/// # Errors
/// If everything is being stopped. Later failures are a consequence.
pub(crate) fn stop_if_stopping() -> Result<()> {
    if started().stopping {
        bail!("stopping");
    }
    Ok(())
}

/// Waits for a thread and returns its result.
pub(crate) fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread of the task runner panicked"))?
}

/// The command as a user would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A child and every process that it starts.
struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    fn start(command: &mut Command) -> Result<(Self, Receiver<Line>)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // Start and register under one lock, so that no signal comes in between.
        let mut started = started();
        if started.stopping {
            bail!("stopping");
        }
        let mut child =
            command.spawn().with_context(|| format!("`{}`", command.get_program().to_string_lossy()))?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        started.groups.extend(leader);
        drop(started);
        let (sender, printed) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            read_lines(pipe, true, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            read_lines(pipe, false, sender);
        }
        Ok((Self { child, leader }, printed))
    }

    /// Ends the group: SIGTERM, then SIGKILL.
    fn stop(&mut self) {
        let Some(leader) = self.leader else { return };
        let _ = kill_process_group(leader, Signal::TERM);
        let since = Instant::now();
        while since.elapsed() < GRACE && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        // End what the leader left running.
        let _ = kill_process_group(leader, Signal::KILL);
        let _ = self.child.wait();
        self.forget();
    }

    /// Forgets the group after its end, because its ID may be reused.
    fn forget(&mut self) {
        let leader = self.leader.take();
        started().groups.retain(|group| Some(*group) != leader);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read_lines(pipe: impl Read + Send + 'static, standard_output: bool, sender: Sender<Line>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while pipe.read_until(b'\n', &mut bytes).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if sender.send(Line { standard_output, text }).is_err() {
                return;
            }
        }
    });
}

fn stop_everything(signal: i32) {
    let (groups, folders) = {
        let mut started = started();
        started.stopping = true;
        (started.groups.clone(), started.folders.clone())
    };
    let name = match signal {
        SIGINT => "Ctrl-C",
        SIGTERM => "SIGTERM",
        _ => "SIGHUP",
    };
    progress::end(&format!("{name}: stopping"));
    for group in &groups {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let since = Instant::now();
    // The threads that started them notice the end and remove them from the list.
    while since.elapsed() < GRACE && !started().groups.is_empty() && groups.iter().any(|group| exists(*group))
    {
        thread::sleep(Duration::from_millis(20));
    }
    for group in &groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    for folder in &folders {
        let _ = fs::remove_dir_all(folder);
    }
    std::process::exit(128 + signal);
}

fn exists(group: Pid) -> bool {
    test_kill_process_group(group).is_ok()
}

fn tail<'a>(lines: impl DoubleEndedIterator<Item = &'a str>) -> String {
    let mut last: Vec<&str> = lines.rev().take(TAIL).collect();
    last.reverse();
    last.join("\n")
}

fn started() -> MutexGuard<'static, Started> {
    // After a panic in another thread the list is still valid.
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
