//! Reads from the output of a suite how many tests passed and failed.

use std::ops::AddAssign;

/// How many tests ran, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Counts {
    /// Sums the `test result:` lines of the test harnesses of Rust and wasm-bindgen.
    pub(crate) fn of_rust(text: &str) -> Self {
        let mut sum = Self::default();
        for line in text.lines() {
            if let Some((_, result)) = line.split_once("test result: ") {
                sum += Self { passed: before(result, " passed"), failed: before(result, " failed") };
            }
        }
        sum
    }

    /// Reads a last line such as `12 passed, 0 failed`.
    pub(crate) fn of_last_line(text: &str) -> Self {
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Self { passed: before(last, " passed"), failed: before(last, " failed") }
    }

    /// How many ran.
    pub(crate) const fn run(self) -> usize {
        self.passed + self.failed
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The number before a word: 3 in `ok. 3 passed; …`.
fn before(text: &str, word: &str) -> usize {
    let number = text.split_once(word).and_then(|(head, _)| head.rsplit([' ', '\t']).next()?.parse().ok());
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_several_programs_are_summed() {
        let text = "\
            running 3 tests\n\
            test a ... ok\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 filtered out; finished in 0.00s\n";
        assert_eq!(Counts::of_rust(text), Counts { passed: 4, failed: 2 });
    }

    #[test]
    fn the_last_line_of_a_javascript_suite_is_read() {
        let text = "not this: 9 passed, 9 failed\n12 passed, 1 failed\n\n";
        assert_eq!(Counts::of_last_line(text), Counts { passed: 12, failed: 1 });
    }

    #[test]
    fn nothing_ran_where_nothing_was_counted() {
        assert_eq!(Counts::of_rust("no tests to run!").run(), 0);
        assert_eq!(Counts::of_last_line("").run(), 0);
        assert_eq!(Counts::of_last_line("all passed, none failed").run(), 0);
    }
}
