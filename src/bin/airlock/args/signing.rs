//! `[signing]`: who signs.

use std::path::PathBuf;
use std::str::FromStr;

use airlock::Class;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CliError;
use crate::secret;

/// What a signature is for; a key may be kept for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The manifest of a bundle.
    Bundle,
    /// A commit.
    Commit,
    /// The summary.
    Summary,
}

/// A key file, for every role or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChoice {
    role: Option<Role>,
    file: PathBuf,
}

impl FromStr for KeyChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<KeyChoice, Self::Err> {
        let role = |word| match word {
            "bundle" => Some(Role::Bundle),
            "commit" => Some(Role::Commit),
            "summary" => Some(Role::Summary),
            _ => None,
        };
        // A file name may hold `=` itself: only the three roles cut it off.
        Ok(
            match text
                .split_once('=')
                .and_then(|(word, file)| Some((role(word)?, file)))
            {
                Some((role, file)) => KeyChoice {
                    role: Some(role),
                    file: file.into(),
                },
                None => KeyChoice {
                    role: None,
                    file: text.into(),
                },
            },
        )
    }
}

/// Who signs, and how their keys are opened.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Signing")]
pub struct SigningArgs {
    /// Secret key file; or bundle=FILE, commit=FILE, summary=FILE to sign only that; repeatable
    #[arg(long, value_name = "[ROLE=]FILE")]
    key: Vec<KeyChoice>,
    /// The first line of this file opens a protected key; repeatable
    #[arg(long, value_name = "FILE")]
    passphrase_file: Vec<PathBuf>,
    /// The first line read from this file descriptor opens a protected key
    #[arg(long, value_name = "N", conflicts_with = "passphrase_file")]
    passphrase_fd: Option<u32>,
    /// Sign through gpg with this key: a card, a token, an agent; repeatable
    #[arg(long, value_name = "KEY-ID")]
    pub gpg_sign: Vec<String>,
    /// The home directory of gpg
    #[arg(long, value_name = "DIR")]
    pub gpg_homedir: Option<PathBuf>,
}

impl SigningArgs {
    /// Returns the key files that sign in `role`: those given, or else the configured ones.
    pub fn key_files(&self, role: Role, context: &Context) -> Vec<PathBuf> {
        if self.key.is_empty() && self.gpg_sign.is_empty() {
            return context.config().keys.files(role).to_vec();
        }
        let fits = |key: &&KeyChoice| key.role.is_none_or(|r| r == role);
        self.key
            .iter()
            .filter(fits)
            .map(|key| key.file.clone())
            .collect()
    }

    /// Reads the passphrases that were given. A file descriptor can be read once: call this once.
    pub fn passphrases(&self) -> Result<Vec<Zeroizing<String>>, CliError> {
        let from_fd = self
            .passphrase_fd
            .map(|fd| PathBuf::from(format!("/dev/fd/{fd}")));
        let files = self.passphrase_file.iter().chain(&from_fd);
        files.map(|file| secret::first_line(file)).collect()
    }

    /// Asks for the passphrase of `what` on the terminal.
    pub fn ask(&self, what: &str) -> Result<Zeroizing<String>, CliError> {
        secret::ask(&format!("Passphrase for {what}: ")).map_err(|error| {
            CliError::new(
                Class::Untrusted,
                format!("{what} is protected by a passphrase"),
            )
            .why(format!("it cannot be asked for: {error}"))
            .next("add --passphrase-file FILE")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_role_is_cut_off() {
        for (text, role, file) in [
            ("a.key", None, "a.key"),
            ("commit=a.key", Some(Role::Commit), "a.key"),
            ("bundle=x=y", Some(Role::Bundle), "x=y"),
            ("/tmp/k=1.key", None, "/tmp/k=1.key"),
        ] {
            let file = PathBuf::from(file);
            assert_eq!(text.parse(), Ok(KeyChoice { role, file }), "{text}");
        }
    }
}
