//! Passphrases: from a file, a descriptor or the terminal, never from the command line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::error::CliError;

/// No passphrase is longer.
const MAX_PASSPHRASE: u64 = 4096;

/// Reads the first line of a file, without its line end.
pub fn first_line(path: &Path) -> Result<Zeroizing<String>, CliError> {
    File::open(path)
        .and_then(read_line)
        .map_err(|e| CliError::io("read a passphrase from", path, &e))
}

/// Asks on the controlling terminal, without showing what is typed.
pub fn ask(prompt: &str) -> io::Result<Zeroizing<String>> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let hidden = Hidden::new(&terminal)?;
    (&terminal).write_all(prompt.as_bytes())?;
    let line = read_line(&terminal);
    drop(hidden);
    (&terminal).write_all(b"\n")?;
    line
}

fn read_line(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(MAX_PASSPHRASE as usize));
    BufReader::new(from.take(MAX_PASSPHRASE)).read_line(&mut line)?;
    let length = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(length);
    Ok(line)
}

/// A terminal that does not echo; dropping it restores what it was.
struct Hidden<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Hidden<'t> {
    fn new(terminal: &'t File) -> io::Result<Hidden<'t>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Hidden { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that went away needs no restoring.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
