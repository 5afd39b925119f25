//! `--prepare` and `--attach`: the bytes go out, a signature comes back.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use airlock::openpgp::MAX_SIGNATURE_BYTES;

use crate::error::CliError;

/// Signing on another machine, with any OpenPGP tool.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Signing elsewhere")]
pub struct TwoStepArgs {
    /// Write the bytes to be signed, and FILE.txt that says what they are; sign nothing
    #[arg(long, value_name = "FILE", conflicts_with = "attach")]
    pub prepare: Option<PathBuf>,
    /// Add the detached signatures in this file, if --trust admits them; repeatable
    #[arg(long, value_name = "SIG")]
    pub attach: Vec<PathBuf>,
}

impl TwoStepArgs {
    /// Reads the signature files.
    pub fn signatures(&self) -> Result<Vec<Vec<u8>>, CliError> {
        self.attach.iter().map(|file| read(file)).collect()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let limit = MAX_SIGNATURE_BYTES as u64 + 1;
    File::open(file)
        .and_then(|open| open.take(limit).read_to_end(&mut bytes))
        .map_err(|error| CliError::io("read the signature", file, &error))?;
    Ok(bytes)
}
