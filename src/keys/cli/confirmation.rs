//! Asks before a command that cannot be undone.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use jotgate_keys::Error;

/// The flag of every command that cannot be undone.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Confirmation {
    /// Do not ask for confirmation; required if stdin is not a terminal
    #[arg(long)]
    yes: bool,
}

impl Confirmation {
    /// Returns if `--yes` was given, or if the user types `word` on the terminal after reading `consequence`.
    ///
    /// # Errors
    /// [`Error::NotConfirmed`] if the user types anything else, or if stdin is not a terminal.
    pub(crate) fn require(self, word: &'static str, consequence: &str) -> Result<(), Error> {
        if self.yes {
            return Ok(());
        }
        let mut stdin = io::stdin().lock();
        if !stdin.is_terminal() {
            return Err(Error::NotConfirmed { command: word });
        }
        let mut out = io::stderr().lock();
        write!(out, "{consequence}\nType `{word}` to go on: ")?;
        out.flush()?;
        let mut line = String::new();
        stdin.read_line(&mut line)?;
        if line.trim() == word { Ok(()) } else { Err(Error::NotConfirmed { command: word }) }
    }
}
