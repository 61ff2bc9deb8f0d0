//! Tests that the help of every command is enough to use it.

use crate::program::Program;

/// The commands below this one, by the list in its help.
fn below(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        list.take_while(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn look(program: &Program, words: &[&str], seen: &mut Vec<String>) {
    let help = program.done(&[words, &["--help"]].concat());
    let name = [&["jotgate-keys"], words].concat().join(" ");
    let (_, example) = help.split_once("Example:\n").unwrap_or_else(|| panic!("`{name}` has no example"));
    assert!(example.contains(&name), "the example of `{name}` shows another command");
    for next in below(&help) {
        look(program, &[words, &[next.as_str()]].concat(), seen);
    }
    seen.push(name);
}

#[test]
fn every_help_has_an_example() {
    let mut seen = vec![];
    look(&Program::new(), &[], &mut seen);
    for name in ["jotgate-keys keys rotate", "jotgate-keys clients add", "jotgate-keys serve"] {
        assert!(seen.iter().any(|known| known == name), "{seen:?}");
    }
}
