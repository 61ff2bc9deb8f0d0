use super::*;

fn output(lines: &[(bool, &str)]) -> Output {
    let line = |(standard_output, text): &(bool, &str)| Line {
        standard_output: *standard_output,
        text: (*text).to_owned(),
    };
    Output { lines: lines.iter().map(line).collect(), succeeded: true, ending: String::new() }
}

#[test]
fn a_late_line_of_standard_error_does_not_hide_the_result() {
    let late = output(&[(true, "12 passed, 0 failed"), (false, "a server was stopped")]);
    assert_eq!(result_of(&late, Counts::of_last_line).0, Counts { passed: 12, failed: 0 });
    let skipped = output(&[(true, "skipped: no such browser"), (false, "7 passed, 0 failed")]);
    let (counts, last) = result_of(&skipped, Counts::of_last_line);
    assert_eq!((counts.run(), last.as_deref()), (0, Some("skipped: no such browser")));
}
