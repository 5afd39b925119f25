//! The trust directory: whose signatures are believed, and for what.
//!
//! ```text
//! trust/
//! ├── release.asc     certificates: *.asc, *.pgp, *.gpg, armored or binary, one or several in a file
//! ├── officer.pgp
//! ├── sign.ed25519   optional: public keys for clients that use `sign-verify`; they count for nothing here
//! ├── policy.toml     optional: who may sign what (see `policy`)
//! ├── chain/          optional: the versions that led here (see `chain`)
//! └── README          anything else is left alone, unless it is a secret key
//! ```

mod chain;
mod error;
mod finding;
mod first;
mod follow;
mod load;
mod recorded;
mod statement;
mod update;
mod version;

use super::policy::{Claim, Policy, Role};
use super::{Finding, Subject};
use crate::bundle::TrustUpdate;
use crate::ed25519::PublicKey;
use crate::format::{Checksum, CollectionId, RefName, Summary};
use crate::openpgp::{Fingerprint, Keyring, Verification};

pub use error::TrustError;
pub use finding::TrustFinding;
pub use first::{FirstTrust, init_trust};
pub use recorded::TrustRecord;
pub use statement::{StatementFault, TrustStatement};
pub use update::{TrustUpdateOptions, TrustUpdateOutcome, sign_trust, update_trust};
pub use version::TrustVersion;

/// Certificates and what they may sign.
#[derive(Clone, Debug)]
pub struct Trust {
    keyring: Keyring,
    policy: Policy,
    ed25519: Vec<PublicKey>,
    /// The statements that led here, their numbers without a gap; the last one is in force.
    chain: Vec<TrustUpdate>,
}

impl Trust {
    /// Trusts any one of these certificates, for every role and ref.
    pub fn of(keyring: Keyring) -> Self {
        let policy = Policy::any_one_of(keyring.fingerprints().cloned().collect());
        Self::new(keyring, policy)
    }

    /// Trusts these certificates as this policy has it.
    fn new(keyring: Keyring, policy: Policy) -> Self {
        Self {
            keyring,
            policy,
            ed25519: Vec::new(),
            chain: Vec::new(),
        }
    }

    /// Returns the version that is in force; 0 for a directory that no statement led to.
    pub fn version(&self) -> u64 {
        self.chain.last().map_or(0, |update| update.version)
    }

    /// Returns the statements that led here, the one in force last.
    pub fn chain(&self) -> &[TrustUpdate] {
        &self.chain
    }

    /// Returns the digest of a version, if it is known here.
    pub fn known(&self, version: u64) -> Option<Checksum> {
        let known = |update: &&TrustUpdate| update.version == version;
        self.chain.iter().find(known).map(TrustUpdate::digest)
    }

    /// Returns the certificates.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the Ed25519 keys that clients with `sign-verify` are given; they count for no threshold.
    pub fn ed25519(&self) -> &[PublicKey] {
        &self.ed25519
    }

    /// Finds out who signed these bytes; what that is worth, [`Trust::judge`] decides.
    pub fn verify(&self, data: &[u8], signatures: &[Vec<u8>], now: u64) -> Verification {
        self.keyring.verify(data, signatures, now)
    }

    /// Judges a statement before it is read: see [`Policy::admit`].
    #[must_use]
    pub fn admit(
        &self,
        role: Role,
        subject: &Subject,
        verification: &Verification,
    ) -> Vec<Finding> {
        self.policy.admit(role, subject, verification)
    }

    /// Judges a statement: see [`Policy::judge`].
    #[must_use]
    pub fn judge(&self, claim: &Claim<'_>, verification: &Verification) -> Vec<Finding> {
        self.policy.judge(claim, verification)
    }

    /// Judges the summary of a repository with this collection: it speaks of every ref it lists.
    #[must_use]
    pub fn judge_summary(
        &self,
        summary: &Summary,
        collection: Option<&CollectionId>,
        verification: &Verification,
        now: u64,
    ) -> Vec<Finding> {
        let listed = summary.refs.iter();
        let refs: Vec<RefName> = listed.map(|entry| entry.name.clone()).collect();
        let claim = Claim {
            role: Role::Summary,
            subject: Subject::Summary,
            refs: &refs,
            collection,
            created: summary.last_modified().unwrap_or(0),
            expires: summary.expires(),
            now,
        };
        self.judge(&claim, verification)
    }

    /// Returns every certificate that may sign for one of these roles on one of these refs.
    pub fn signers(&self, roles: &[Role], refs: &[RefName]) -> Vec<Fingerprint> {
        let allowed = roles
            .iter()
            .flat_map(|&role| self.policy.signers(role, refs));
        let distinct: std::collections::BTreeSet<_> = allowed.collect();
        distinct.into_iter().collect()
    }
}
