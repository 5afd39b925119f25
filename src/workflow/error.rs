//! The error of every verb: one variant per room, and what to do next.

use super::client_check::ClientCheckError;
use super::client_config::ClientConfigError;
use super::commit::SourceError;
use super::delta::StaticDeltaError;
use super::export::ExportError;
use super::extract::ExtractError;
use super::finding::Finding;
use super::inventory::InventoryError;
use super::journal::JournalError;
use super::key::KeyError;
use super::sidecar::SidecarError;
use super::site::CopyError;
use super::statement::StatementError;
use super::trust::{StatementFault, TrustError};
use crate::Class;
use crate::bundle::{ReadError, VolumeFault, WriteError};
use crate::delta::DeltaError;
use crate::format::{Checksum, FormatError, RefName};
use crate::openpgp::OpenPgpError;
use crate::repo::RepoError;

/// Why a verb did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes are not what OSTree's formats prescribe.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A repository failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A key or signer failed.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpError),
    /// A bundle cannot be read, or is not in order.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A static delta cannot be made or applied.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// A static delta on its own is not made, not applied, or not there.
    #[error(transparent)]
    StaticDelta(#[from] StaticDeltaError),
    /// The trust directory cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A trust update is signed as it must be, and cannot be read.
    #[error("trust update {version} is not accepted")]
    TrustUpdate {
        /// Its version.
        version: u64,
        /// What is wrong with it.
        source: StatementFault,
    },
    /// A new key cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No client configuration was written.
    #[error(transparent)]
    ClientConfig(#[from] ClientConfigError),
    /// The configuration of a client cannot be checked.
    #[error(transparent)]
    ClientCheck(#[from] ClientCheckError),
    /// A signature file beside a bundle cannot be read or written.
    #[error(transparent)]
    Sidecar(#[from] SidecarError),
    /// Bytes are nothing that is signed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The copy of the site's record cannot be read or written.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The journal cannot be continued.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A directory or tar cannot be committed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A ref that was to be made exists.
    #[error("the ref {name} exists; it names {commit}")]
    RefExists {
        /// The ref.
        name: RefName,
        /// The commit it names.
        commit: Checksum,
    },
    /// A ref that was to be removed has an alias.
    #[error("the ref {name} has the alias {alias}, which would lead nowhere")]
    RefHasAlias {
        /// The ref.
        name: RefName,
        /// The alias.
        alias: RefName,
    },
    /// The trees of a bundle would take more memory than there may be.
    #[error("the bundle carries more than {} MiB of directories", limit >> 20)]
    TooManyTrees {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A bundle could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An export makes no sense as it was asked for.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Nothing could be taken out of a bundle.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// An inventory cannot be read or written.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// A record under `extensions/airlock` is not as airlock wrote it.
    #[error("extensions/airlock/{file} is not as airlock wrote it")]
    Record {
        /// The record's file.
        file: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Everything worked, and the answer is no.
    #[error("refused: {}", first(findings))]
    Refused {
        /// Every reason, at least one.
        findings: Vec<Finding>,
    },
}

impl Error {
    /// Refuses for one reason.
    pub fn refused(finding: impl Into<Finding>) -> Self {
        Self::Refused {
            findings: vec![finding.into()],
        }
    }

    /// Refuses if there is any reason to.
    pub fn refuse_any(findings: Vec<Finding>) -> Result<(), Self> {
        match findings.is_empty() {
            true => Ok(()),
            false => Err(Self::Refused { findings }),
        }
    }

    /// Returns the findings of a refusal.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Error::Refused { findings } => findings,
            _ => &[],
        }
    }

    /// Tells whether something may be other than it was.
    pub fn is_unfinished(&self) -> bool {
        match self {
            Error::Repo(error) => error.is_unfinished(),
            Error::Sidecar(SidecarError::Unsynced { .. }) => true,
            _ => false,
        }
    }

    /// Returns what kind of failure it is; the exit code follows from it.
    pub fn class(&self) -> Class {
        match self {
            Error::Format(error) => error.class(),
            Error::Repo(error) => error.class(),
            Error::OpenPgp(error) => error.class(),
            Error::Read(error) => error.class(),
            Error::Delta(error) => error.class(),
            Error::StaticDelta(error) => error.class(),
            Error::Trust(error) => error.class(),
            Error::TrustUpdate { source, .. } => source.class(),
            Error::Key(error) => error.class(),
            Error::ClientConfig(error) => error.class(),
            Error::ClientCheck(error) => error.class(),
            Error::Sidecar(error) => error.class(),
            Error::Statement(error) => error.class(),
            Error::Copy(error) => error.class(),
            Error::Journal(error) => error.class(),
            Error::Source(error) => error.class(),
            Error::RefExists { .. } | Error::RefHasAlias { .. } => Class::Usage,
            Error::Write(error) => error.class(),
            Error::Export(error) => error.class(),
            Error::Extract(error) => error.class(),
            Error::Inventory(error) => error.class(),
            Error::Record { .. } | Error::TooManyTrees { .. } => Class::Corrupt,
            Error::Refused { findings } => Finding::gravest(findings),
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Error::OpenPgp(OpenPgpError::PassphraseNeeded { .. }) => {
                "give it with --passphrase-file"
            }
            Error::OpenPgp(OpenPgpError::CannotSign { .. }) => {
                "sign with another key, or renew this one"
            }
            Error::Trust(TrustError::SecretKey { .. }) => {
                "move the secret key away; only certificates belong there"
            }
            Error::Read(ReadError::Volume(VolumeFault::Another { .. })) => {
                "name one bundle; its volumes are found by themselves"
            }
            Error::Read(ReadError::Damaged { .. }) => {
                "copy it again from where it came, or export it again onto another medium"
            }
            Error::Write(WriteError::NoSpace { .. }) | Error::Repo(RepoError::NoSpace { .. }) => {
                "make room there, or take another medium, and run the same command again"
            }
            Error::RefHasAlias { .. } => "remove the alias first",
            Error::TooManyTrees { .. } => "have it exported again, with fewer refs at a time",
            error if error.is_unfinished() => {
                "mend the machine, and run the same command again: it goes on from there"
            }
            Error::StaticDelta(error) => error.hint(),
            Error::Export(error) => error.hint(),
            Error::Extract(error) => error.hint(),
            Error::Inventory(error) => error.hint(),
            Error::RefExists { .. } => "take another name, or add --force",
            Error::Refused { findings } => {
                findings.first().map_or("read the findings", Finding::hint)
            }
            other => match other.class() {
                Class::System => "mend the machine, and run the same command again",
                Class::Usage => "mend the command line or the file it names",
                Class::NotFound => "name one that exists",
                Class::Untrusted => "get a good signature",
                Class::Corrupt => "copy it again from where it came",
                Class::Refused => "read the findings",
                Class::Unsupported => "use a newer airlock, or another repository mode",
                Class::Busy => "wait, and run the same command again",
            },
        }
    }
}

fn first(findings: &[Finding]) -> String {
    match findings {
        [] => "no reason given".into(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
