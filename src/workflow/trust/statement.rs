//! A trust statement: everything a site is to trust from one version on, as JSON that is signed.
//!
//! ```text
//! {"airlock":"trust/1",            these exact bytes first
//!  "version":2,                    one more than the version before, from 1
//!  "previous":"<64 hex>",          SHA-256 of the statement before; null in version 1
//!  "created":1700000000,
//!  "expires":null,                 until when a site may take it that does not know it yet
//!  "certificates":["-----BEGIN PGP PUBLIC KEY BLOCK-----…"],      all of them, armored, one each
//!  "policy":"[[bundle]]\n…",       the text of policy.toml
//!  "notes":"bob left",
//!  "extensions":{}}
//! ```
//!
//! Each version is complete, as a root of TUF is: a certificate that is not listed is retired, one
//! that is listed with its revocation is revoked, and a longer expiry is a newer copy.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Trust;
use crate::Class;
use crate::bundle::{MAX_TRUST_UPDATE, ManifestFault, strict_json};
use crate::format::Checksum;
use crate::openpgp::{Fingerprint, Keyring, OpenPgpError};
use crate::workflow::Subject;
use crate::workflow::policy::{Claim, Policy, PolicyError, Role};

/// What every statement of this version begins with.
const PREFIX: &[u8] = br#"{"airlock":"trust/1","#;
/// What a statement of any version begins with.
const ANY_VERSION: &[u8] = br#"{"airlock":"trust/"#;
/// The most certificates one statement lists.
const MAX_CERTIFICATES: usize = 256;

/// What a site is to trust, in its own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustStatement {
    airlock: Kind,
    /// Its number, from 1.
    pub version: u64,
    /// The SHA-256 of the statement before.
    pub previous: Option<Checksum>,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// Until when a site may take it that does not know it yet, in UNIX seconds.
    pub expires: Option<u64>,
    /// Every certificate, armored.
    pub certificates: Vec<String>,
    /// The text of `policy.toml`.
    pub policy: String,
    /// What people should know of it.
    pub notes: String,
    /// Fields of later versions that earlier ones may ignore.
    pub extensions: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "trust/1")]
    Trust1,
}

/// Why a trust statement cannot be read, although it may be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementFault {
    /// It does not begin as a trust statement does.
    #[error("it is no trust statement")]
    Prefix,
    /// It is of a version that this airlock does not know.
    #[error("it is of a newer format")]
    Format,
    /// It is larger than a statement may be.
    #[error("it has {size} bytes, {MAX_TRUST_UPDATE} are allowed")]
    TooLarge {
        /// Its size.
        size: u64,
    },
    /// It is not the JSON that is allowed.
    #[error("it is not in order")]
    Json(#[source] ManifestFault),
    /// It says another number than its name.
    #[error("it says that it is version {stated}")]
    Version {
        /// What it says.
        stated: u64,
    },
    /// The first version has none before it, every other has one.
    #[error("the version before it is named where there is none, or not named")]
    Previous,
    /// It lists more certificates than a statement may.
    #[error("it lists {count} certificates, {MAX_CERTIFICATES} are allowed")]
    TooMany {
        /// How many it lists.
        count: usize,
    },
    /// An entry is not exactly one certificate.
    #[error("certificate {index} of its list is none, or more than one")]
    Certificate {
        /// Which entry, from 0.
        index: usize,
        /// What is wrong with it, if it cannot be read at all.
        source: Option<OpenPgpError>,
    },
    /// Its policy has a mistake.
    #[error("its policy has a mistake")]
    Policy(#[source] PolicyError),
}

impl StatementFault {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            StatementFault::Format => Class::Unsupported,
            _ => Class::Corrupt,
        }
    }
}

impl TrustStatement {
    /// Begins the statement of a version.
    pub fn new(version: u64, previous: Option<Checksum>, created: u64) -> Self {
        TrustStatement {
            airlock: Kind::Trust1,
            version,
            previous,
            created,
            expires: None,
            certificates: Vec::new(),
            policy: String::new(),
            notes: String::new(),
            extensions: serde_json::Map::new(),
        }
    }

    /// Reads a statement, of whose signatures the caller has judged one at least.
    pub fn parse(bytes: &[u8]) -> Result<TrustStatement, StatementFault> {
        check_size(bytes)?;
        if !bytes.starts_with(PREFIX) {
            return Err(match bytes.starts_with(ANY_VERSION) {
                true => StatementFault::Format,
                false => StatementFault::Prefix,
            });
        }
        let statement: TrustStatement = strict_json(bytes).map_err(StatementFault::Json)?;
        let first = statement.version == 1;
        match statement.version > 0 && first == statement.previous.is_none() {
            true => Ok(statement),
            false => Err(StatementFault::Previous),
        }
    }

    /// Writes the statement: these are the bytes to sign.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StatementFault> {
        let bytes = serde_json::to_vec(self).expect("a statement has only string keys");
        check_size(&bytes)?;
        Ok(bytes)
    }

    /// Returns what policy looks at.
    pub(super) fn claim(&self, subject: Subject, now: u64) -> Claim<'static> {
        Claim {
            role: Role::Trust,
            subject,
            refs: &[],
            collection: None,
            created: self.created,
            expires: self.expires,
            now,
        }
    }

    /// Makes the trust it speaks of; what is known of a certificate from `before` is kept, so that
    /// a revocation stays one.
    pub(super) fn to_trust(&self, before: &Keyring) -> Result<Trust, StatementFault> {
        let count = self.certificates.len();
        if count > MAX_CERTIFICATES {
            return Err(StatementFault::TooMany { count });
        }
        let mut keyring = Keyring::new();
        for (index, armored) in self.certificates.iter().enumerate() {
            let bad = |source| StatementFault::Certificate { index, source };
            let added = keyring.add_bytes(armored.as_bytes());
            if added.map_err(|error| bad(Some(error)))? != 1 {
                return Err(bad(None));
            }
        }
        keyring
            .merge_copies(before)
            .map_err(|error| StatementFault::Certificate {
                index: count,
                source: Some(error),
            })?;
        let known: BTreeSet<Fingerprint> = keyring.fingerprints().cloned().collect();
        let policy = Policy::parse(&self.policy, &known).map_err(StatementFault::Policy)?;
        Ok(Trust::new(keyring, policy))
    }
}

fn check_size(bytes: &[u8]) -> Result<(), StatementFault> {
    match bytes.len() as u64 {
        0..=MAX_TRUST_UPDATE => Ok(()),
        size => Err(StatementFault::TooLarge { size }),
    }
}
