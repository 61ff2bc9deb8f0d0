//! Fetches a compiler for wasm32 from Debian, for machines where rustup may not download.
//!
//! Unpacks `rustc-web` and the sources of the same version into a cache folder. Needs no root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::toolchain::rustc::{self, Other};
use crate::ui::progress::{self, Step};
use crate::{files, paths, process};

/// Debian's compiler for browsers.
const COMPILER: &str = "rustc-web";
const SOURCES: &str = "rust-web-src";
/// The dependencies of the compiler that a system may lack.
const PARTS: [&str; 3] = ["libstd-rust-web-", "libllvm", "libz3-"];
/// The file that marks a complete toolchain. It contains the version.
const WHOLE: &str = "whole";
/// Returns the toolchain in the cache, or `None` if it is missing or incomplete.
pub(crate) fn cached(cache: &Path) -> Result<Option<Other>> {
    let folder = cache.join(COMPILER);
    let wrapper = folder.join("bin/rustc");
    let rustc = wrapper.as_os_str();
    if !folder.join(WHOLE).exists() || !rustc::has_sources(rustc) {
        return Ok(None);
    }
    other(&folder).map(Some)
}

/// Fetches and unpacks the toolchain. Returns it with its version.
pub(crate) fn set_up(cache: &Path) -> Result<(Other, String)> {
    rustc::rust_lld()?;
    // Unpacked in another folder and renamed at the end, so a half of it is never used.
    let draft = cache.join(format!("{COMPILER}.partial"));
    files::remove(&draft)?;
    fs::create_dir_all(draft.join("debs"))?;
    let version = progress::step("fetching Debian's rustc-web and its sources", |step| fetch(&draft, step))?;
    progress::step("unpacking them", |_| unpack(&draft))?;
    write_wrappers(&draft)?;
    for leftover in ["debs", "lists", "apt"] {
        let _ = fs::remove_dir_all(draft.join(leftover));
    }
    fs::write(draft.join(WHOLE), format!("{version}\n"))?;
    files::replace(&draft, &cache.join(COMPILER))?;
    Ok((other(&cache.join(COMPILER))?, version))
}

fn other(folder: &Path) -> Result<Other> {
    let bin = folder.join("bin");
    Ok(Other { rustc: bin.join("rustc"), rustdoc: bin.join("rustdoc"), linker: rustc::rust_lld()? })
}

/// Downloads the packages with the system's package lists, or with lists of our own if those are missing or too
/// old.
fn fetch(draft: &Path, step: &Step) -> Result<String> {
    let system = Apt { own: Vec::new() };
    let first = system.download(draft, step);
    let Err(first) = first else { return first };
    let own = Apt::with_own_lists(draft)?;
    step.note("the system's package lists are missing or too old: fetching separate ones");
    let updated = own.update(step);
    updated.and_then(|()| own.download(draft, step)).with_context(|| {
        format!("cannot fetch Debian's {COMPILER} (with the system's lists: {first:#}); run `apt-get update` as root and try again")
    })
}

/// apt with the system's lists, or with lists in a folder of ours.
struct Apt {
    own: Vec<String>,
}

impl Apt {
    fn with_own_lists(draft: &Path) -> Result<Self> {
        let lists = draft.join("lists");
        fs::create_dir_all(lists.join("partial"))?;
        fs::create_dir_all(draft.join("apt/archives/partial"))?;
        let own = [
            format!("Dir::State::Lists={}", lists.display()),
            format!("Dir::Cache={}", draft.join("apt").display()),
        ];
        Ok(Self { own: own.to_vec() })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in &self.own {
            command.args(["-o", option]);
        }
        // As root, apt would fetch as another user, who cannot write into our folder.
        command.args(["-o", "APT::Sandbox::User=root"]).env("LC_ALL", "C");
        command
    }

    fn update(&self, step: &Step) -> Result<()> {
        process::run_ok(self.command("apt-get").arg("update"), step).map(drop)
    }

    fn download(&self, draft: &Path, step: &Step) -> Result<String> {
        let version = self.candidate()?;
        new_enough(&version)?;
        let mut packages =
            vec![(COMPILER.to_owned(), version.clone()), (SOURCES.to_owned(), version.clone())];
        // The dependencies of each package name the exact version of the next.
        let mut looked_at = 0;
        while let Some((name, version)) = packages.get(looked_at).cloned() {
            looked_at += 1;
            if name == SOURCES {
                continue;
            }
            for found in dependencies(&self.show(&name, &version)?) {
                if packages.iter().all(|(known, _)| *known != found.0) {
                    packages.push(found);
                }
            }
        }
        let mut get = self.command("apt-get");
        get.arg("download").current_dir(draft.join("debs"));
        get.args(packages.iter().map(|(name, version)| match version.as_str() {
            "" => name.clone(),
            version => format!("{name}={version}"),
        }));
        process::run_ok(&mut get, step)?;
        Ok(version)
    }

    fn candidate(&self) -> Result<String> {
        let policy = process::output_of(self.command("apt-cache").args(["policy", COMPILER]));
        let policy = policy.context("apt is missing")?;
        let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
        let candidate = candidate.filter(|version| *version != "(none)");
        Ok(candidate.with_context(|| format!("apt does not know {COMPILER}"))?.to_owned())
    }

    fn show(&self, name: &str, version: &str) -> Result<String> {
        let package = if version.is_empty() { name.to_owned() } else { format!("{name}={version}") };
        let shown =
            process::output_of(self.command("apt-cache").args(["show", "--no-all-versions", &package]));
        shown.with_context(|| format!("apt does not know {package}"))
    }
}

/// The dependencies that must be fetched, with their version if an exact one is required.
fn dependencies(record: &str) -> Vec<(String, String)> {
    let depends = record.lines().find_map(|line| line.strip_prefix("Depends: ")).unwrap_or_default();
    let wanted = |name: &str| PARTS.iter().any(|start| name.starts_with(start));
    let parse = |dependency: &str| {
        let (name, condition) = dependency.split_once(' ').unwrap_or((dependency, ""));
        let exact = condition.strip_prefix("(= ").and_then(|rest| rest.strip_suffix(')'));
        (name.to_owned(), exact.unwrap_or_default().to_owned())
    };
    depends.split(", ").map(parse).filter(|(name, _)| wanted(name)).collect()
}

/// Checks that the compiler supports the `rust-version` of the workspace.
fn new_enough(version: &str) -> Result<()> {
    let manifest = fs::read_to_string(paths::at("Cargo.toml"))?;
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let needed = needed.and_then(|rest| rest.strip_suffix('"')).context("Cargo.toml has no rust-version")?;
    if release(version) < release(needed) {
        bail!("Debian's {COMPILER} is {version} here, {needed} is needed");
    }
    Ok(())
}

/// `1.96.0+dfsg1-1~deb12u2` → (1, 96)
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers =
        version.split(|character: char| !character.is_ascii_digit()).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn unpack(draft: &Path) -> Result<()> {
    let root = draft.join("root");
    fs::create_dir_all(&root)?;
    let packages = files::entries(&draft.join("debs"))?;
    thread::scope(|scope| {
        let unpack_one = |package: PathBuf| {
            let root = &root;
            scope.spawn(move || {
                // Only the library of the sources is needed.
                let sources =
                    package.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SOURCES));
                let only =
                    if sources { "--wildcards './usr/src/*/library' './usr/lib/rustlib/*'" } else { "" };
                let script = format!("set -e; dpkg-deb --fsys-tarfile \"$0\" | tar -x -C \"$1\" {only}");
                let mut shell = Command::new("sh");
                shell.args(["-c", &script]).args([&package, root]);
                process::output_of(&mut shell)
                    .with_context(|| format!("cannot unpack `{}`", package.display()))
            })
        };
        let threads: Vec<_> = packages.into_iter().map(unpack_one).collect();
        threads.into_iter().try_for_each(|thread| process::joined(thread).map(drop))
    })
}

/// Writes the scripts that run the compiler with its own libraries. Checks that the sources have its version.
fn write_wrappers(draft: &Path) -> Result<()> {
    let libraries = files::entries(&draft.join("root/usr/lib"))?;
    let libraries = libraries.iter().filter_map(|path| path.file_name()?.to_str());
    let libraries = libraries
        .into_iter()
        .find(|name| name.ends_with("-linux-gnu"))
        .context("the packages contain no libraries")?;
    fs::create_dir_all(draft.join("bin"))?;
    for program in ["rustc", "rustdoc"] {
        // The script finds its own folder, which is renamed later and may be moved.
        let script = format!(
            "#!/bin/sh\n\
             root=$(dirname \"$(readlink -f \"$0\")\")/../root\n\
             LD_LIBRARY_PATH=\"$root/usr/lib/{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\" \
             exec \"$root/usr/bin/{program}\" \"$@\"\n"
        );
        let path = draft.join("bin").join(program);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    let about = process::output_of(Command::new(draft.join("bin/rustc")).arg("-vV"))
        .context("Debian's rustc does not run here")?;
    let release = about
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .context("`rustc -vV` names no release")?;
    if !draft.join(format!("root/usr/src/rustc-{release}/library")).exists() {
        bail!("the sources are not of {release}, the version of the compiler");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dependencies_that_a_system_may_lack_are_fetched() {
        let record = "Package: rustc-web\nDepends: libc6 (>= 2.34), libstd-rust-web-dev (= 1.96.0+dfsg1-1~deb12u2), gcc\n";
        let expected = vec![("libstd-rust-web-dev".to_owned(), "1.96.0+dfsg1-1~deb12u2".to_owned())];
        assert_eq!(dependencies(record), expected);
        let record = "Depends: libgcc-s1 (>= 4.2), libllvm22 (>= 1:22~), libstdc++6 (>= 11)";
        assert_eq!(dependencies(record), vec![("libllvm22".to_owned(), String::new())]);
    }

    #[test]
    fn releases_are_compared_by_number() {
        assert_eq!(release("1.96.0+dfsg1-1~deb12u2"), Some((1, 96)));
        assert!(release("1.100.0") > release("1.95"));
        assert!(release("1.85.0+dfsg3-1") < release("1.95"));
        assert_eq!(release("unknown"), None);
    }

    #[test]
    fn the_workspace_asks_for_a_release() {
        assert!(new_enough("1.0.0").is_err());
        assert!(new_enough("1.999.0").is_ok());
    }
}
