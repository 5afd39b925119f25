//! Signs through GnuPG, so that its agent, smart cards and tokens work; its output is judged before it is used.
//!
//! ```text
//! name ─▶ gpg --list-secret-keys ─▶ exactly one primary fingerprint ─▶ gpg --export ─▶ Keyring of one
//! data ─▶ gpg --detach-sign --local-user FINGERPRINT ─▶ packet ─▶ Keyring::verify ─▶ signature
//! ```

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::armor::split_signatures;
use super::error::OpenPgpError;
use super::fingerprint::Fingerprint;
use super::keyring::Keyring;
use super::sign::{Signer, confirm};

/// Which gpg is run, and with which home.
#[derive(Clone, Debug)]
pub struct GpgOptions {
    /// The program; `gpg` unless told otherwise.
    pub program: PathBuf,
    /// The GnuPG home; gpg's own choice when absent.
    pub homedir: Option<PathBuf>,
}

impl Default for GpgOptions {
    fn default() -> Self {
        Self {
            program: "gpg".into(),
            homedir: None,
        }
    }
}

/// Signs with a secret key that gpg keeps or reaches.
#[derive(Debug)]
pub struct GpgSigner {
    options: GpgOptions,
    certificate: Fingerprint,
    local_user: String,
    key: Option<Fingerprint>,
    public: Keyring,
}

impl GpgSigner {
    /// Finds the one secret key that `name` means: a fingerprint, key ID or user ID.
    ///
    /// A fingerprint followed by `!` names one subkey that shall sign, and no other.
    pub fn new(name: &str, options: GpgOptions) -> Result<Self, OpenPgpError> {
        let listing = run(
            &options,
            &[
                "--with-colons",
                "--fixed-list-mode",
                "--list-secret-keys",
                "--",
                name,
            ],
            None,
        );
        let listing = match listing {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(OpenPgpError::GpgFailed { .. }) => String::new(),
            Err(error) => return Err(error),
        };
        let mut primaries = primary_fingerprints(&listing);
        let certificate = primaries
            .pop()
            .ok_or_else(|| OpenPgpError::GpgKeyNotFound { name: name.into() })?;
        if !primaries.is_empty() {
            primaries.push(certificate);
            return Err(OpenPgpError::GpgKeyAmbiguous {
                name: name.into(),
                fingerprints: primaries,
            });
        }
        let key: Option<Fingerprint> = name.strip_suffix('!').map(str::parse).transpose()?;
        let local_user = match &key {
            Some(key) => format!("{key}!"),
            None => certificate.to_string(),
        };
        let exported = run(&options, &["--export", "--", certificate.as_str()], None)?;
        let mut public = Keyring::new();
        public.add_bytes(&exported.stdout)?;
        Ok(Self {
            options,
            certificate,
            local_user,
            key,
            public,
        })
    }
}

impl Signer for GpgSigner {
    fn certificate(&self) -> &Fingerprint {
        &self.certificate
    }

    fn public(&self) -> &Keyring {
        &self.public
    }

    fn key(&self) -> Option<&Fingerprint> {
        self.key.as_ref()
    }

    fn sign(&self, data: &[u8], now: u64) -> Result<Vec<u8>, OpenPgpError> {
        let user = self.local_user.as_str();
        let words = [
            "--no-textmode",
            "--no-armor",
            "--digest-algo",
            "SHA512",
            "--local-user",
            user,
            "--detach-sign",
        ];
        let output = run(&self.options, &words, Some(data))?;
        let mut packets = split_signatures(&output.stdout)?;
        match (packets.pop(), packets.is_empty()) {
            (Some(signature), true) => confirm(self, data, signature, now),
            _ => Err(OpenPgpError::GpgFailed {
                message: "it did not give exactly one signature".into(),
            }),
        }
    }
}

/// Runs gpg with fixed manners, whatever its configuration files say.
fn run(options: &GpgOptions, words: &[&str], input: Option<&[u8]>) -> Result<Output, OpenPgpError> {
    let spawn = |source| OpenPgpError::GpgSpawn {
        program: options.program.display().to_string(),
        source,
    };
    let mut command = Command::new(&options.program);
    command.args(["--batch", "--no-tty", "--no-options", "--status-fd", "2"]);
    if let Some(homedir) = &options.homedir {
        command.arg("--homedir").arg(homedir);
    }
    command.args(words).env("LC_ALL", "C");
    command.stdin(if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(spawn)?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // Written beside the reading, so that neither side waits for the other. gpg that stops
        // early breaks the pipe; its exit status tells more than that error would.
        scope.spawn(move || {
            stdin
                .zip(input)
                .map(|(mut pipe, data)| pipe.write_all(data))
        });
        child.wait_with_output()
    })
    .map_err(spawn)?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(OpenPgpError::GpgFailed {
            message: last_words(&output.stderr),
        })
    }
}

/// Picks the last line that gpg wrote for people, or else its last status line.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = |status: bool| {
        text.lines()
            .rfind(|line| line.starts_with("[GNUPG:] ") == status && !line.is_empty())
    };
    line(false)
        .or_else(|| line(true))
        .unwrap_or("it said nothing")
        .trim_start_matches("gpg: ")
        .to_owned()
}

/// Reads the primary fingerprints from `--with-colons`: the `fpr` line that follows each `sec` line.
fn primary_fingerprints(listing: &str) -> Vec<Fingerprint> {
    let mut found = Vec::new();
    let mut after_primary = false;
    for line in listing.lines() {
        let mut fields = line.split(':');
        match fields.next() {
            Some("sec") => after_primary = true,
            Some("fpr") if after_primary => {
                found.extend(fields.nth(8).and_then(|text| text.parse().ok()));
                after_primary = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_colon_listing() {
        let listing = "tru::1:1:0:3:1:5\nsec:u:255:22:3DD269B0BC6F5129:1:::u:::cSC:::+::ed25519:::0:\n\
                       fpr:::::::::9FD17719FD22D4C95D7E918B3DD269B0BC6F5129:\ngrp:::::::::00:\n\
                       uid:u::::1::00::x::::::::::0:\nssb:u:255:22:00:1::::::s:::+::ed25519::\n\
                       fpr:::::::::0000000000000000000000000000000000000000:\n";
        let found = primary_fingerprints(listing);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].as_str(),
            "9FD17719FD22D4C95D7E918B3DD269B0BC6F5129"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let options = GpgOptions {
            program: "/nonexistent/gpg".into(),
            homedir: None,
        };
        let error = GpgSigner::new("alice", options).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/nonexistent/gpg`");
    }
}
