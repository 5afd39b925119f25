//! What a signer is asked to sign, read from the very bytes: needs no repository and believes nobody.
//!
//! ```text
//! bytes ─▶ {"airlock":"bundle/1",…   a bundle's manifest
//!       ─▶ {"airlock":"KIND/N",…     trust, inventory, rollback: whatever it says
//!       ─▶ (a{sv}aya(say)sstayay)    a commit
//!       ─▶ (a(s(taya{sv}))a{sv})     a summary
//! ```
//!
//! Bytes that read as two of these are refused: a signature for one would hold for the other.

mod bundle;
mod object;

use serde::Serialize;

use crate::Class;
use crate::bundle::{MANIFEST_PREFIX, MAX_MANIFEST, Manifest, ManifestFault, strict_json};
use crate::format::limits::MAX_METADATA;
use crate::format::{Checksum, Codec, Commit, FormatError, Summary};

pub use bundle::{BundleStatement, ReleaseStatement};
pub use object::{CommitStatement, ListedRef, SummaryStatement};

/// The most bytes that are looked at: the largest summary or commit.
pub const MAX_STATEMENT: u64 = MAX_METADATA;
/// What every signed document of airlock begins with.
const DOCUMENT_PREFIX: &[u8] = br#"{"airlock":""#;

/// The bytes that are to be signed, and what they say.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signable {
    /// The SHA-256 of the bytes.
    pub sha256: Checksum,
    /// How many bytes there are.
    pub size: u64,
    /// What they say.
    pub statement: Statement,
}

/// What bytes that are to be signed say.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Statement {
    /// A commit, whose signature stands for everything in its tree.
    Commit(CommitStatement),
    /// A repository's summary.
    Summary(SummaryStatement),
    /// A bundle's manifest.
    Bundle(BundleStatement),
    /// Another document of airlock.
    Document(Document),
}

/// A signed document of airlock that is no manifest: its fields as they stand there.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Document {
    /// Its kind and version, as `trust/1`.
    pub document: String,
    /// Every other field.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// Why bytes are not shown as something to sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// They are nothing that airlock or OSTree signs.
    #[error("this is no commit, no summary and no document of airlock")]
    Unknown,
    /// There are more bytes than anything that is signed has.
    #[error("it is larger than anything that is signed: {size} bytes")]
    TooLarge {
        /// How many there are.
        size: u64,
    },
    /// They begin as a document of airlock and do not go on as one.
    #[error("it begins as a document of airlock and does not go on as one")]
    Document(#[from] ManifestFault),
    /// They read as two things, of which a signer can only mean one.
    #[error("it reads as a commit and as a summary: a signature for one would hold for the other")]
    Ambiguous,
}

impl StatementError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            StatementError::Document(ManifestFault::Version) => Class::Unsupported,
            StatementError::Ambiguous => Class::Refused,
            _ => Class::Corrupt,
        }
    }
}

impl Signable {
    /// Reads what `bytes` say.
    pub fn read(bytes: &[u8]) -> Result<Signable, StatementError> {
        let size = bytes.len() as u64;
        if size > MAX_STATEMENT {
            return Err(StatementError::TooLarge { size });
        }
        Ok(Signable {
            sha256: Checksum::of(bytes),
            size,
            statement: Statement::read(bytes)?,
        })
    }
}

impl Statement {
    fn read(bytes: &[u8]) -> Result<Statement, StatementError> {
        // A commit may begin like this too, but strict JSON knows no NUL, which every commit has.
        if bytes.starts_with(DOCUMENT_PREFIX) {
            return read_document(bytes);
        }
        match (Commit::decode(bytes), Summary::decode(bytes)) {
            (Ok(commit), Err(_)) => Ok(Statement::Commit(CommitStatement::of(&commit))),
            (Err(_), Ok(summary)) => summary_of(&summary).map_err(|_| StatementError::Unknown),
            (Ok(_), Ok(_)) => Err(StatementError::Ambiguous),
            (Err(_), Err(_)) => Err(StatementError::Unknown),
        }
    }
}

fn summary_of(summary: &Summary) -> Result<Statement, FormatError> {
    Ok(Statement::Summary(SummaryStatement::of(summary)?))
}

fn read_document(bytes: &[u8]) -> Result<Statement, StatementError> {
    if bytes.len() as u64 > MAX_MANIFEST {
        let size = bytes.len() as u64;
        return Err(ManifestFault::TooLarge { size }.into());
    }
    let mut fields: serde_json::Map<String, serde_json::Value> = strict_json(bytes)?;
    if bytes.starts_with(MANIFEST_PREFIX) {
        let manifest = Manifest::parse(bytes)?;
        return Ok(Statement::Bundle(BundleStatement::of(manifest, fields)));
    }
    let document = match fields.remove("airlock") {
        Some(serde_json::Value::String(document)) => document,
        _ => return Err(StatementError::Unknown),
    };
    match document.starts_with("bundle/") {
        true => Err(ManifestFault::Version.into()),
        false => Ok(Statement::Document(Document { document, fields })),
    }
}
