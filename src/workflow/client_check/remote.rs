//! One remote: what its keys in the file say, and which keyring decides.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{Source, read};
use super::finding::RemoteFinding;
use crate::openpgp::Keyring;

/// What is known of a remote after reading its files.
pub(super) struct Remote {
    /// Where it was found.
    pub findings: Vec<RemoteFinding>,
    /// Where it pulls from.
    pub url: Option<String>,
    /// Whether anything verifies commits.
    pub commits: bool,
    /// Whether anything verifies the summary.
    pub summary: bool,
    /// Whether GnuPG signatures are looked at, of commits and of the summary.
    pub gpg: (bool, bool),
    /// The files its certificates came from.
    pub keyrings: Vec<PathBuf>,
    /// Its certificates.
    pub keyring: Keyring,
    /// The collection it asks for.
    pub collection: Option<String>,
}

/// The keys of one `[remote "NAME"]`.
struct Section<'a> {
    source: &'a Source,
    group: String,
}

impl Section<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.source.keys.string(&self.group, key)
    }

    /// Reads a boolean as GLib does.
    fn flag(&self, key: &'static str, findings: &mut Vec<RemoteFinding>) -> Option<bool> {
        let value = self.text(key)?;
        match value.trim_end() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                findings.push(RemoteFinding::NotBoolean { key, value });
                None
            }
        }
    }

    /// Tells whether a `sign-verify` key asks for anything: it is a boolean, or a list of engines.
    fn asks(&self, key: &'static str, findings: &mut Vec<RemoteFinding>) -> bool {
        let Some(value) = self.text(key) else {
            return false;
        };
        if matches!(value.trim_end(), "" | "false" | "0") {
            return false;
        }
        let entries = self.source.keys.entries(&self.group);
        let keyed = entries
            .map(|(key, _)| key)
            .any(|key| key.starts_with("verification-"));
        if !keyed {
            findings.push(RemoteFinding::GlobalSignKeys { key });
        }
        true
    }
}

impl Remote {
    /// Reads the remote `name` of a file.
    pub(super) fn read(source: &Source, name: &str) -> Remote {
        let section = Section {
            source,
            group: format!("remote \"{name}\""),
        };
        let mut findings = Vec::new();
        let gpg_commits = section.flag("gpg-verify", &mut findings).unwrap_or(true);
        let gpg_summary = section.flag("gpg-verify-summary", &mut findings);
        let commits = section.asks("sign-verify", &mut findings) || gpg_commits;
        let summary =
            section.asks("sign-verify-summary", &mut findings) || gpg_summary == Some(true);
        if !commits {
            findings.push(RemoteFinding::CommitsUnverified);
        }
        if !summary {
            let absent = section.text("gpg-verify-summary").is_none();
            findings.push(RemoteFinding::SummaryUnverified { absent });
        }
        transport(&section, &mut findings);
        let mut remote = Remote {
            url: section.text("url"),
            collection: section.text("collection-id"),
            commits,
            summary,
            gpg: (gpg_commits, gpg_summary == Some(true)),
            findings,
            keyrings: Vec::new(),
            keyring: Keyring::new(),
        };
        if remote.gpg.0 || remote.gpg.1 {
            remote.read_keys(&section, name);
        }
        remote
    }

    fn read_keys(&mut self, section: &Section<'_>, name: &str) {
        let directory = section.source.path.parent().unwrap_or(Path::new("."));
        let own = directory.join(format!("{name}.trustedkeys.gpg"));
        let paths = section.text("gpgkeypath").unwrap_or_default();
        let paths: Vec<PathBuf> = paths
            .split([';', ','])
            .filter(|path| !path.trim().is_empty())
            .map(PathBuf::from)
            .collect();
        match (own.exists(), paths.is_empty()) {
            (true, _) => self.add_binary(&own),
            (false, true) => self
                .findings
                .push(RemoteFinding::NoKeyring { missing: own }),
            (false, false) => self.findings.push(RemoteFinding::GlobalKeys),
        }
        for path in paths {
            self.add_path(&path);
        }
    }

    /// Adds the keyring of the remote, which clients read in binary form only.
    fn add_binary(&mut self, path: &Path) {
        match read(path) {
            Ok(bytes) if bytes.first().is_some_and(|first| first & 0x80 == 0) => {
                self.unreadable(path, "it is armored; clients read the binary form".into());
            }
            Ok(bytes) => self.add_bytes(path, &bytes),
            Err(error) => self.unreadable(path, error.to_string()),
        }
    }

    /// Adds a file or directory of `gpgkeypath`.
    fn add_path(&mut self, path: &Path) {
        if !path.is_dir() {
            return match read(path) {
                Ok(bytes) => self.add_bytes(path, &bytes),
                Err(error) => self.unreadable(path, error.to_string()),
            };
        }
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            self.add_path(file);
        }
    }

    fn add_bytes(&mut self, path: &Path, bytes: &[u8]) {
        self.keyrings.push(path.into());
        if let Err(error) = self.keyring.add_bytes(bytes) {
            self.unreadable(path, error.to_string());
        }
    }

    fn unreadable(&mut self, path: &Path, why: String) {
        let path = path.into();
        self.findings
            .push(RemoteFinding::KeyringUnreadable { path, why });
    }
}

fn transport(section: &Section<'_>, findings: &mut Vec<RemoteFinding>) {
    match section.text("url") {
        None => findings.push(RemoteFinding::NoUrl),
        Some(url) if url.trim_start_matches("mirrorlist=").starts_with("http://") => {
            findings.push(RemoteFinding::NoTls { url });
        }
        Some(_) => {}
    }
    if section.flag("tls-permissive", findings) == Some(true) {
        findings.push(RemoteFinding::TlsPermissive);
    }
}
