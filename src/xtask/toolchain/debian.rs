//! Debian's package lists enter, a compiler for wasm32 leaves in a cache folder: `rustc-web` and the sources of the very
//! same version, unpacked without touching the system, and a standard library built from them. Needs no root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::toolchain::rustc::{self, Other, WASM32};
use crate::ui::progress::{self, Step};
use crate::{files, place, process};

/// Debian's compiler for browsers: the newest that a stable release has.
const COMPILER: &str = "rustc-web";
const SOURCES: &str = "rust-web-src";
/// What of the compiler's dependencies is not on every system.
const PARTS: [&str; 3] = ["libstd-rust-web-", "libllvm", "libz3-"];
/// Says that a toolchain is whole, and which.
const WHOLE: &str = "whole";
/// `test` among them, or `cargo test` for wasm32 does not link.
const CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort,panic_unwind,test,proc_macro";

/// The toolchain that is in the cache already.
pub(crate) fn cached(cache: &Path) -> Result<Option<Other>> {
    let folder = cache.join(COMPILER);
    let wrapper = folder.join("bin/rustc");
    let rustc = wrapper.as_os_str();
    let is_whole = folder.join(WHOLE).exists() && rustc::has_standard_library(rustc);
    if !is_whole || !rustc::has_sources(rustc) {
        return Ok(None);
    }
    other(&folder).map(Some)
}

/// Fetches, unpacks and builds the toolchain; the second value is its version.
pub(crate) fn set_up(cache: &Path) -> Result<(Other, String)> {
    rustc::rust_lld()?;
    // Made aside and renamed at the end: what was interrupted is never taken for whole.
    let draft = cache.join(format!("{COMPILER}.partial"));
    files::remove(&draft)?;
    fs::create_dir_all(draft.join("debs"))?;
    let version = progress::step("fetching Debian's rustc-web and its sources", |step| fetch(&draft, step))?;
    progress::step("unpacking them", |_| unpack(&draft))?;
    let release = write_wrappers(&draft)?;
    progress::step("building the standard library for wasm32", |step| build(&draft, &release, step))?;
    if !rustc::has_standard_library(draft.join("bin/rustc").as_os_str()) {
        bail!("what was built is no standard library");
    }
    for leftover in ["debs", "stub", "lists", "apt"] {
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

/// Downloads the packages by the system's lists; if these are missing or too old, by lists of our own.
fn fetch(draft: &Path, step: &Step) -> Result<String> {
    let system = Apt { own: Vec::new() };
    let first = system.download(draft, step);
    let Err(first) = first else { return first };
    let own = Apt::with_own_lists(draft)?;
    step.note("the system's package lists do not do: fetching some for this alone");
    let updated = own.update(step);
    updated.and_then(|()| own.download(draft, step)).with_context(|| {
        format!("Debian's {COMPILER} can't be had (with the system's own lists: {first:#}); `apt-get update`, run as root, may help")
    })
}

/// apt, with the system's lists or with lists in a folder of ours.
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
        // As root apt would fetch as another user, who can't write into our folder.
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
        // Each package's own dependencies name the exact version of the next.
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
        let policy = process::answer(self.command("apt-cache").args(["policy", COMPILER]));
        let policy = policy.context("apt is missing")?;
        let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
        let candidate = candidate.filter(|version| *version != "(none)");
        Ok(candidate.with_context(|| format!("apt knows no {COMPILER}"))?.to_owned())
    }

    fn show(&self, name: &str, version: &str) -> Result<String> {
        let package = if version.is_empty() { name.to_owned() } else { format!("{name}={version}") };
        let shown = process::answer(self.command("apt-cache").args(["show", "--no-all-versions", &package]));
        shown.with_context(|| format!("apt knows no {package}"))
    }
}

/// The dependencies that have to be fetched, with the version where one exact version is asked for.
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

/// The compiler must know what the workspace is written in.
fn new_enough(version: &str) -> Result<()> {
    let manifest = fs::read_to_string(place::at("Cargo.toml"))?;
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let needed =
        needed.and_then(|rest| rest.strip_suffix('"')).context("Cargo.toml names no rust-version")?;
    if release(version) < release(needed) {
        bail!("Debian's {COMPILER} is {version} here, {needed} is needed");
    }
    Ok(())
}

/// `1.96.0+dfsg1-1~deb12u2` → (1, 96)
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers =
        version.split(|letter: char| !letter.is_ascii_digit()).map(|number| number.parse().ok());
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
                // Of the sources only the library: the compiler's own are five times as large.
                let sources =
                    package.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SOURCES));
                let only =
                    if sources { "--wildcards './usr/src/*/library' './usr/lib/rustlib/*'" } else { "" };
                let script = format!("set -e; dpkg-deb --fsys-tarfile \"$0\" | tar -x -C \"$1\" {only}");
                let mut shell = Command::new("sh");
                shell.args(["-c", &script]).args([&package, root]);
                process::answer(&mut shell)
                    .with_context(|| format!("`{}` can't be unpacked", package.display()))
            })
        };
        let threads: Vec<_> = packages.into_iter().map(unpack_one).collect();
        threads.into_iter().try_for_each(|thread| process::joined(thread).map(drop))
    })
}

/// Writes the scripts that run the compiler with its own libraries, and checks that the sources are its own.
fn write_wrappers(draft: &Path) -> Result<String> {
    let libraries = files::entries(&draft.join("root/usr/lib"))?;
    let libraries = libraries.iter().filter_map(|path| path.file_name()?.to_str());
    let libraries =
        libraries.into_iter().find(|name| name.ends_with("-linux-gnu")).context("no libraries unpacked")?;
    fs::create_dir_all(draft.join("bin"))?;
    for program in ["rustc", "rustdoc"] {
        // By its own place: the folder is renamed when it is whole, and may be moved with its repository.
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
    let about = process::answer(Command::new(draft.join("bin/rustc")).arg("-vV"))
        .context("Debian's rustc does not run here")?;
    let release =
        about.lines().find_map(|line| line.strip_prefix("release: ")).context("rustc names no release")?;
    if !draft.join(format!("root/usr/src/rustc-{release}/library")).exists() {
        bail!("the compiler is {release}, the sources are not");
    }
    Ok(release.to_owned())
}

fn build(draft: &Path, release: &str, step: &Step) -> Result<()> {
    let stub = draft.join("stub");
    fs::create_dir_all(&stub)?;
    fs::write(
        stub.join("Cargo.toml"),
        "[package]\nname = \"stub\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n",
    )?;
    fs::write(stub.join("lib.rs"), "")?;
    let sources = draft.join(format!("root/usr/src/rustc-{release}"));
    let sources = sources.canonicalize().with_context(|| format!("`{}`", sources.display()))?;
    let mut cargo = crate::cargo::cargo(&["build", "--release", "--target", WASM32, CRATES], "");
    cargo.current_dir(&stub).env("CARGO_TARGET_DIR", stub.join("target"));
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", draft.join("bin/rustc")).env_remove("RUSTFLAGS");
    // The library's paths stand in panic messages: rustc's own name for them, as in every other toolchain.
    cargo.env(
        "CARGO_ENCODED_RUSTFLAGS",
        format!("--remap-path-prefix={}=/rustc/{release}", sources.display()),
    );
    process::run_ok(&mut cargo, step)?;
    let libraries = draft.join(format!("root/usr/lib/rustlib/{WASM32}/lib"));
    fs::create_dir_all(&libraries)?;
    for built in files::entries(&stub.join("target").join(WASM32).join("release/deps"))? {
        let name = built.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libstub") {
            fs::copy(&built, libraries.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_not_every_system_has_is_fetched() {
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
