//! One version of the trust in short, for people to see.

use serde::Serialize;

use super::TrustStatement;
use crate::bundle::TrustUpdate;
use crate::format::Checksum;

/// One version of the trust, and what its statement says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustVersion {
    /// Its number.
    pub version: u64,
    /// The SHA-256 of its statement.
    pub sha256: Checksum,
    /// When it was made, in UNIX seconds; unknown if the statement cannot be read.
    pub created: Option<u64>,
    /// Until when a site may take it that does not know it yet, in UNIX seconds.
    pub expires: Option<u64>,
    /// What people should know of it.
    pub notes: String,
}

impl From<&TrustUpdate> for TrustVersion {
    fn from(update: &TrustUpdate) -> Self {
        let said = TrustStatement::parse(&update.statement).ok();
        TrustVersion {
            version: update.version,
            sha256: update.digest(),
            created: said.as_ref().map(|said| said.created),
            expires: said.as_ref().and_then(|said| said.expires),
            notes: said.map(|said| said.notes).unwrap_or_default(),
        }
    }
}
