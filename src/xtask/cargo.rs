//! Runs cargo and reads its messages.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{paths, process::Output};

/// A test program that cargo built.
#[derive(Clone, Debug)]
pub(crate) struct TestProgram {
    pub(crate) package: String,
    pub(crate) file: PathBuf,
    /// The folder in which cargo would run it.
    pub(crate) folder: PathBuf,
}

/// `cargo <words>` at the root of the repository, with `target/<folder>` as target folder.
pub(crate) fn cargo(words: &[&str], folder: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo set these for the task runner. Build scripts that read them would run again.
    let of_cargo = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_cargo)) {
        command.env_remove(name);
    }
    command
        .current_dir(paths::root())
        .env("CARGO_TARGET_DIR", paths::target(folder))
        .env("CARGO_TERM_COLOR", "never");
    command.args(words);
    command
}

/// Makes cargo list the files that it builds, while errors stay readable.
pub(crate) const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// The test programs that `cargo test --no-run` with [`MESSAGES`] built.
pub(crate) fn test_programs(output: &Output) -> Result<Vec<TestProgram>> {
    let messages = output.lines.iter().filter(|line| line.standard_output && line.text.starts_with('{'));
    let mut programs = Vec::new();
    for line in messages {
        let message: Value = serde_json::from_str(&line.text)?;
        let text = |path| message.pointer(path).and_then(Value::as_str);
        let is_test = message.pointer("/profile/test").and_then(Value::as_bool) == Some(true);
        let Some(file) = text("/executable").filter(|_| is_test) else { continue };
        let manifest = text("/manifest_path").context("cargo did not name a manifest")?;
        let folder = PathBuf::from(manifest).parent().context("a manifest without a folder")?.to_owned();
        let id = text("/package_id").unwrap_or_default();
        programs.push(TestProgram { package: package_name(id).to_owned(), file: file.into(), folder });
    }
    Ok(programs)
}

/// The version of a package in `Cargo.lock`.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let lock = fs::read_to_string(paths::at("Cargo.lock"))?;
    let version = version_in(&lock, package);
    Ok(version.with_context(|| format!("Cargo.lock does not contain {package}"))?.to_owned())
}

fn version_in<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

/// The package name in both forms of an ID: `path+file:///…/core#jotgate-core@0.1.0` and
/// `path+file:///…/second-opinion#0.1.0`.
fn package_name(id: &str) -> &str {
    let (path, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next().unwrap_or(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Line;

    #[test]
    fn both_forms_of_a_package_identifier_name_it() {
        assert_eq!(package_name("path+file:///a/src/core#jotgate-core@0.1.0"), "jotgate-core");
        assert_eq!(package_name("path+file:///a/tests/second-opinion#0.1.0"), "second-opinion");
    }

    #[test]
    fn a_version_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n";
        assert_eq!(version_in(lock, "a"), Some("1.2.3"));
        assert_eq!(version_in(lock, "b"), None);
        assert!(locked_version("wasm-bindgen-cli-support").is_ok());
    }

    #[test]
    fn only_test_programs_are_listed() {
        let artifact = |test: bool, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///r/src/core#jotgate-core@0.1.0","manifest_path":"/r/src/core/Cargo.toml","profile":{{"test":{test}}},"executable":{file}}}"#
            )
        };
        let texts =
            [artifact(true, r#""/r/target/core-1""#), artifact(false, r#""/r/a""#), artifact(true, "null")];
        let lines = texts.into_iter().map(|text| Line { standard_output: true, text }).collect();
        let output = Output { lines, succeeded: true, ending: String::new() };
        let programs = test_programs(&output).unwrap();
        let [only] = programs.as_slice() else { panic!("{programs:?}") };
        assert_eq!(only.package, "jotgate-core");
        assert_eq!(only.folder, PathBuf::from("/r/src/core"));
    }
}
