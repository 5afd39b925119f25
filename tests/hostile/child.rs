//! The real binary, under limits that the kernel keeps: what it asks for beyond them it does not
//! get, and a watchdog ends what does not end.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// All the memory that may be written to, in KiB: the bound the design gives for any image.
const DATA: u64 = 512 << 10;
/// Processor time in seconds. Nothing here takes a tenth of it, unoptimised on a busy machine.
const WORK: u64 = 60;
/// How long somebody may wait for an answer, asleep or not.
const PATIENCE: Duration = Duration::from_secs(240);

/// How a command ended.
pub struct Ended {
    /// The exit code, or the signal that ended it.
    pub code: Result<i32, String>,
    /// The result.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

/// Runs a command line in `dir`, where its streams are kept meanwhile.
pub fn airlock(dir: &Path, words: &[&str]) -> Ended {
    let (out, err) = (dir.join("stdout"), dir.join("stderr"));
    let limits = format!("ulimit -d {DATA}; ulimit -t {WORK}; ulimit -c 0; exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &limits, env!("CARGO_BIN_EXE_airlock")])
        .args(words)
        .current_dir(dir)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => child.kill().unwrap(),
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let ended_by = || format!("ended by signal {}", status.signal().unwrap_or(0));
    let text = |path| String::from_utf8(fs::read(path).unwrap()).expect("what it says is UTF-8");
    Ended {
        code: status.code().ok_or_else(ended_by),
        stdout: text(out),
        stderr: text(err),
    }
}

impl Ended {
    /// Says what no input may bring about: a panic, and what steers or deceives a terminal.
    pub fn fault(&self) -> Option<String> {
        let said = [&self.stdout, &self.stderr];
        if said.iter().any(|text| text.contains("panicked")) {
            return Some(format!("panicked: {}", self.stderr));
        }
        if said.iter().any(|text| text.len() > MOST_SAID) {
            return Some("it said more than anybody reads".to_owned());
        }
        let harmful = said.iter().find_map(|text| text.chars().find(is_harmful));
        harmful.map(|c| format!("it showed {c:?}"))
    }
}

/// The most that a command may say about a bundle that is not a list.
const MOST_SAID: usize = 4 << 20;

/// Controls, and what Unicode has to hide and to reorder text (TR 9, TR 36).
fn is_harmful(c: &char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    hidden || c.is_control() && *c != '\n'
}
