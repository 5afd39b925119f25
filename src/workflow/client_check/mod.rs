//! Reads the configuration of existing clients and finds every remote that verifies less than it could.
//!
//! ```text
//! remotes.d/*.conf, config ─▶ remotes ─▶ keyrings ─┬─▶ findings
//!                          trust, repository ──────┘
//! ```

mod files;
mod finding;
mod remote;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use finding::RemoteFinding;
use remote::Remote;

use super::error::Error;
use super::policy::{EXPIRES_SOON_SECS, Role};
use super::show;
use super::trust::Trust;
use crate::Class;
use crate::format::{Codec, Metadata, RefName};
use crate::openpgp::{CertInfo, Fingerprint, Keyring};
use crate::repo::{Repo, summary::metadata_ref};

/// Which configuration is read, and what it is held against.
#[derive(Clone, Debug)]
pub struct ClientCheckOptions<'a> {
    /// A file, a repository, a `remotes.d` directory, or the root of a system.
    pub path: PathBuf,
    /// The repository that the clients pull from: can they verify what is there now?
    pub repo: Option<&'a Repo>,
    /// Who may sign for the clients: does their keyring say the same?
    pub trust: Option<&'a Trust>,
    /// The present time, in UNIX seconds.
    pub now: u64,
}

/// Every remote that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClientCheckOutcome {
    /// The remotes, in the order of their files.
    pub remotes: Vec<CheckedRemote>,
}

/// One remote of a client.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedRemote {
    /// Its name.
    pub name: String,
    /// The file that has it.
    pub file: PathBuf,
    /// Where it pulls from.
    pub url: Option<String>,
    /// Whether commits are verified.
    pub verifies_commits: bool,
    /// Whether the summary is verified.
    pub verifies_summary: bool,
    /// The files its certificates come from.
    pub keyrings: Vec<PathBuf>,
    /// The certificates.
    pub certificates: Vec<Fingerprint>,
    /// What is wrong with it, and remarks.
    #[serde(skip)]
    pub findings: Vec<RemoteFinding>,
}

impl CheckedRemote {
    /// Tells whether it verifies all that it could.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(RemoteFinding::is_remark)
    }
}

/// Why the configuration of a client cannot be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCheckError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no key file.
    #[error("{} is no configuration of remotes: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no remote.
    #[error("{} has no remote", path.display())]
    NoRemote {
        /// Where none was found.
        path: PathBuf,
    },
}

impl ClientCheckError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            ClientCheckError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Class::NotFound
            }
            ClientCheckError::Io { .. } => Class::System,
            ClientCheckError::Malformed { .. } => Class::Corrupt,
            ClientCheckError::NoRemote { .. } => Class::NotFound,
        }
    }
}

/// Checks every remote of a client.
pub fn check_client(options: &ClientCheckOptions<'_>) -> Result<ClientCheckOutcome, Error> {
    let mut remotes = Vec::new();
    let mut first: BTreeMap<String, PathBuf> = BTreeMap::new();
    for source in files::sources(&options.path)? {
        for group in source.keys.groups() {
            let Some(name) = remote_name(group) else {
                continue;
            };
            let mut remote = Remote::read(&source, name);
            judge(&mut remote, options)?;
            match first.get(name) {
                Some(by) => remote.findings = vec![RemoteFinding::Shadowed { by: by.clone() }],
                None => drop(first.insert(name.to_owned(), source.path.clone())),
            }
            remotes.push(checked(remote, name, &source.path));
        }
    }
    match remotes.is_empty() {
        true => Err(ClientCheckError::NoRemote {
            path: options.path.clone(),
        }
        .into()),
        false => Ok(ClientCheckOutcome { remotes }),
    }
}

/// Reads `remote "NAME"`.
fn remote_name(group: &str) -> Option<&str> {
    group.strip_prefix("remote \"")?.strip_suffix('"')
}

fn checked(remote: Remote, name: &str, file: &Path) -> CheckedRemote {
    CheckedRemote {
        name: name.to_owned(),
        file: file.into(),
        url: remote.url,
        verifies_commits: remote.commits,
        verifies_summary: remote.summary,
        keyrings: remote.keyrings,
        certificates: remote.keyring.fingerprints().cloned().collect(),
        findings: remote.findings,
    }
}

/// Holds a remote against the clock, the trust directory and the repository.
fn judge(remote: &mut Remote, options: &ClientCheckOptions<'_>) -> Result<(), Error> {
    let refs = match options.repo {
        Some(repo) => heads(repo)?,
        None => Vec::new(),
    };
    if !remote.keyring.is_empty() {
        let infos = remote.keyring.certs(options.now);
        remote.findings.extend(ages(&infos, options.now));
        if let Some(trust) = options.trust {
            remote
                .findings
                .extend(against_trust(&infos, trust, &refs, options.now));
        }
    }
    if let Some(repo) = options.repo {
        against_repo(remote, repo, &refs, options.now)?;
    }
    Ok(())
}

fn heads(repo: &Repo) -> Result<Vec<RefName>, Error> {
    let refs = repo.refs()?.into_keys();
    Ok(refs.filter(|name| *name != metadata_ref()).collect())
}

fn ages(infos: &[CertInfo], now: u64) -> Vec<RemoteFinding> {
    if !infos.iter().any(CertInfo::can_sign) {
        return vec![RemoteFinding::NoLivingCertificate];
    }
    let soon = now.saturating_add(EXPIRES_SOON_SECS);
    let finding = |info: &CertInfo| {
        let certificate = info.fingerprint.clone();
        if !info.can_sign() {
            let revoked = info.revoked;
            return Some(RemoteFinding::DeadCertificate {
                certificate,
                revoked,
            });
        }
        let expires = info.signs_until().filter(|&at| at < soon)?;
        Some(RemoteFinding::ExpiresSoon {
            certificate,
            expires,
            left: expires.saturating_sub(now),
        })
    };
    infos.iter().filter_map(finding).collect()
}

fn against_trust(
    infos: &[CertInfo],
    trust: &Trust,
    refs: &[RefName],
    now: u64,
) -> Vec<RemoteFinding> {
    let allowed = trust.signers(&[Role::Commit, Role::Summary], refs);
    let able = |certificate: &&Fingerprint| {
        let info = trust.keyring().cert(certificate, now);
        info.is_some_and(|info| info.can_sign())
    };
    let held =
        |certificate: &Fingerprint| infos.iter().any(|info| info.fingerprint == *certificate);
    let lacking = allowed.iter().filter(able).filter(|one| !held(one));
    let beyond = infos.iter().map(|info| &info.fingerprint);
    let beyond = beyond.filter(|one| !allowed.contains(one));
    let lacks = |certificate: &Fingerprint| RemoteFinding::LacksCertificate {
        certificate: certificate.clone(),
    };
    let extra = |certificate: &Fingerprint| RemoteFinding::BeyondTrust {
        certificate: certificate.clone(),
    };
    lacking.map(lacks).chain(beyond.map(extra)).collect()
}

/// Asks whether the client would take what the repository holds now.
fn against_repo(remote: &mut Remote, repo: &Repo, refs: &[RefName], now: u64) -> Result<(), Error> {
    if let Some(collection) = repo.collection_id()
        && remote.collection.as_deref() != Some(collection.as_str())
    {
        let collection = collection.clone();
        remote
            .findings
            .push(RemoteFinding::CollectionNotPinned { collection });
    }
    let trust = Trust::of(remote.keyring.clone());
    if remote.gpg.0 && !remote.keyring.is_empty() {
        for name in refs {
            let Some(head) = repo.ref_commit(name)? else {
                continue;
            };
            let verification = show::verify(repo, &trust, &repo.commit(&head)?, now)?;
            if verification.good.is_empty() {
                let name = name.clone();
                remote
                    .findings
                    .push(RemoteFinding::LacksCommitSigner { name });
            }
        }
    }
    if remote.gpg.1 && !remote.keyring.is_empty() && !takes_summary(repo, &remote.keyring, now)? {
        remote.findings.push(RemoteFinding::LacksSummarySigner);
    }
    Ok(())
}

fn takes_summary(repo: &Repo, keyring: &Keyring, now: u64) -> Result<bool, Error> {
    let (Some(summary), Some(signature)) = (repo.summary()?, repo.summary_signature()?) else {
        return Ok(false);
    };
    let signatures = Metadata::decode(&signature)?.signatures(Metadata::GPGSIGS)?;
    Ok(!keyring.verify(&summary, &signatures, now).good.is_empty())
}
