//! `--ed25519-key`: signatures of libostree's sign API, besides OpenPGP's.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use airlock::ed25519::{SecretKey, read_secret_keys};
use zeroize::Zeroizing;

use crate::error::CliError;

/// No file of keys is larger.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// Keys for clients that use `sign-verify`.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Signing")]
pub struct Ed25519Args {
    /// Sign with these Ed25519 keys too, for clients that use sign-verify: a file as `ostree sign
    /// --keys-file` takes; repeatable
    #[arg(long, value_name = "FILE")]
    pub ed25519_key: Vec<PathBuf>,
}

impl Ed25519Args {
    /// Reads the keys.
    pub fn keys(&self) -> Result<Vec<SecretKey>, CliError> {
        let mut keys = Vec::new();
        for file in &self.ed25519_key {
            keys.extend(read(file)?);
        }
        Ok(keys)
    }
}

fn read(file: &Path) -> Result<Vec<SecretKey>, CliError> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(file)
        .and_then(|open| open.take(MAX_KEY_FILE).read_to_end(&mut bytes))
        .map_err(|error| CliError::io("read the key", file, &error))?;
    read_secret_keys(&bytes).map_err(|error| {
        let what = format!("{} is no file of Ed25519 secret keys", file.display());
        CliError::new(error.class(), what)
            .because(&error)
            .next("a line holds the base64 of 64 bytes, the seed and the public key")
    })
}
