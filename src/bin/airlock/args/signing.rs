//! `[signing]`: who signs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use airlock::openpgp::{
    FileSigner, GpgOptions, GpgSigner, MAX_KEYRING_BYTES, OpenPgpError, Signer,
};
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
    /// An update of the trust.
    Trust,
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
            "trust" => Some(Role::Trust),
            _ => None,
        };
        // A file name may hold `=` itself: only the roles cut it off.
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
    /// Secret key file; or bundle=FILE, commit=FILE, summary=FILE, trust=FILE to sign only that; repeatable
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
    gpg_sign: Vec<String>,
    /// The home directory of gpg
    #[arg(long, value_name = "DIR")]
    gpg_homedir: Option<PathBuf>,
}

impl SigningArgs {
    /// Reads the passphrases that were given, and stands ready to open keys.
    ///
    /// Call it once in a verb, and before anything that takes long: it may ask for a passphrase.
    pub fn open<'a>(&'a self, context: &'a Context) -> Result<KeyChain<'a>, CliError> {
        let from_fd = self
            .passphrase_fd
            .map(|fd| PathBuf::from(format!("/dev/fd/{fd}")));
        let files = self.passphrase_file.iter().chain(&from_fd);
        let passphrases = files
            .map(|file| secret::first_line(file))
            .collect::<Result<_, _>>()?;
        Ok(KeyChain {
            args: self,
            context,
            passphrases,
        })
    }

    /// Says whether somebody was named to sign; what the configuration names is not asked.
    pub fn is_given(&self) -> bool {
        !self.key.is_empty() || !self.gpg_sign.is_empty()
    }

    /// Says whether signing will run gpg.
    pub fn uses_gpg(&self) -> bool {
        !self.gpg_sign.is_empty()
    }

    /// Options win over the configuration, role by role.
    fn key_files(&self, role: Role, context: &Context) -> Vec<PathBuf> {
        let fits = |key: &&KeyChoice| key.role.is_none_or(|r| r == role);
        let given: Vec<_> = self
            .key
            .iter()
            .filter(fits)
            .map(|key| key.file.clone())
            .collect();
        if given.is_empty() && self.gpg_sign.is_empty() {
            return context.config().keys.files(role).to_vec();
        }
        given
    }
}

/// Opens the keys that were chosen; a passphrase that was asked for once is not asked for again.
pub struct KeyChain<'a> {
    args: &'a SigningArgs,
    context: &'a Context,
    passphrases: Vec<Zeroizing<String>>,
}

impl KeyChain<'_> {
    /// Returns whoever signs in `role`; nobody, if no key was given or configured for it.
    pub fn signers(&mut self, role: Role) -> Result<Vec<Box<dyn Signer>>, CliError> {
        let mut signers: Vec<Box<dyn Signer>> = Vec::new();
        for file in self.args.key_files(role, self.context) {
            signers.push(Box::new(self.open_file(&file)?));
        }
        for name in &self.args.gpg_sign {
            let options = GpgOptions {
                homedir: self.args.gpg_homedir.clone(),
                ..GpgOptions::default()
            };
            signers.push(Box::new(
                GpgSigner::new(name, options).map_err(|e| failed(name, &e))?,
            ));
        }
        Ok(signers)
    }

    /// Tries the key as it is, then with every passphrase known, then asks for one.
    fn open_file(&mut self, file: &Path) -> Result<FileSigner, CliError> {
        let name = file.display().to_string();
        let bytes = read_key(file)?;
        let mut opened = FileSigner::new(&bytes, None);
        for passphrase in &self.passphrases {
            if !wants_passphrase(&opened) {
                break;
            }
            opened = FileSigner::new(&bytes, Some(passphrase.clone()));
        }
        if wants_passphrase(&opened) {
            match ask(&name) {
                Ok(passphrase) => {
                    opened = FileSigner::new(&bytes, Some(passphrase.clone()));
                    self.passphrases.push(passphrase);
                }
                Err(error) if self.passphrases.is_empty() => return Err(error),
                // Nobody to ask: that those given do not fit says more.
                Err(_) => {}
            }
        }
        opened.map_err(|error| failed(&name, &error))
    }
}

fn wants_passphrase(opened: &Result<FileSigner, OpenPgpError>) -> bool {
    use OpenPgpError::{PassphraseNeeded, WrongPassphrase};
    matches!(
        opened,
        Err(PassphraseNeeded { .. } | WrongPassphrase { .. })
    )
}

fn read_key(file: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(file)
        .and_then(|open| open.take(MAX_KEYRING_BYTES as u64).read_to_end(&mut bytes))
        .map_err(|error| CliError::io("read the key", file, &error))?;
    Ok(bytes)
}

fn ask(name: &str) -> Result<Zeroizing<String>, CliError> {
    secret::ask(&format!("Passphrase for {name}: ")).map_err(|error| {
        CliError::usage(format!("{name} is protected by a passphrase"))
            .why(format!("there is no terminal to ask for it: {error}"))
            .next("add --passphrase-file FILE")
    })
}

fn failed(name: &str, error: &OpenPgpError) -> CliError {
    CliError::new(error.class(), format!("cannot sign with {name}"))
        .because(error)
        .next("name a key that can sign; `airlock key inspect` shows what a file holds")
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
