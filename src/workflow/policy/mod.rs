//! What the certificates of a trust directory may sign: `policy.toml`, and the judging by it.
//!
//! ```toml
//! [certificates]                      # names for fingerprints, optional
//! alice = "9FD17719FD22D4C95D7E918B3DD269B0BC6F5129"
//!
//! [[bundle]]                          # also [[commit]], [[summary]], [[trust]]; several of each
//! refs = ["os/*/stable", "os/**"]     # `*` within one element, `**` across; absent: every ref
//! certificates = ["alice"]            # absent: every certificate of the directory
//! threshold = 2                       # distinct certificates; absent: 1
//! collection = "org.example.Os"
//! max-age = "90d"                     # s, m, h, d, w; absent: any age
//! require-expiry = true
//! ```
//!
//! With a policy, a ref that matches no rule, and a role not listed, is refused; every matching rule
//! must hold. Without one, any one certificate may sign anything.

mod check;
mod fault;
mod judge;
mod meaning;
mod parse;
mod pattern;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::format::CollectionId;
use crate::openpgp::Fingerprint;

pub use check::{EXPIRES_SOON_SECS, TrustWarning};
pub use fault::{PolicyError, PolicyFault};
pub use judge::Claim;
pub use meaning::{NamedCertificate, RoleMeaning, RuleMeaning, TrustMeaning};
pub use pattern::RefPattern;
pub use tally::Tally;

/// What a certificate signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A bundle's manifest.
    Bundle,
    /// A commit.
    Commit,
    /// A repository's summary.
    Summary,
    /// Changes of the trust itself, and permissions to go back.
    Trust,
}

impl Role {
    /// Every role, in the order in which they are told.
    pub const ALL: [Role; 4] = [Role::Bundle, Role::Commit, Role::Summary, Role::Trust];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Bundle => "bundle",
            Role::Commit => "commit",
            Role::Summary => "summary",
            Role::Trust => "trust",
        })
    }
}

/// One table of `policy.toml`: it holds for one role and the refs that match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// The role.
    pub role: Role,
    /// The refs it holds for; empty for every ref.
    pub refs: Vec<RefPattern>,
    /// Who may sign.
    pub certificates: BTreeSet<Fingerprint>,
    /// How many distinct certificates must sign.
    pub threshold: usize,
    /// The collection that is wanted.
    pub collection: Option<CollectionId>,
    /// The oldest age allowed, in seconds.
    pub max_age: Option<u64>,
    /// Whether the statement must expire.
    pub require_expiry: bool,
    /// The line of `policy.toml` where its table begins; 0 for a rule that nobody wrote.
    #[serde(skip)]
    pub line: usize,
}

/// Who may sign what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    rules: Vec<Rule>,
    #[serde(skip)]
    names: BTreeMap<String, Fingerprint>,
    written: bool,
}

impl Policy {
    /// Returns the policy of a directory without `policy.toml`: any one of these certificates, for every role and ref.
    pub fn any_one_of(certificates: BTreeSet<Fingerprint>) -> Self {
        let rules = Role::ALL.map(|role| Rule {
            role,
            refs: Vec::new(),
            certificates: certificates.clone(),
            threshold: 1,
            collection: None,
            max_age: None,
            require_expiry: false,
            line: 0,
        });
        Self {
            rules: rules.into(),
            names: BTreeMap::new(),
            written: false,
        }
    }

    /// Tells whether somebody wrote this policy down, rather than leaving the default.
    pub fn is_written(&self) -> bool {
        self.written
    }

    /// Returns the names that `[certificates]` gives to a certificate.
    pub fn names<'a>(&'a self, certificate: &'a Fingerprint) -> impl Iterator<Item = &'a str> {
        let named = self.names.iter();
        named
            .filter(move |(_, fingerprint)| *fingerprint == certificate)
            .map(|(name, _)| name.as_str())
    }

    /// Returns the rules of one role.
    pub fn rules(&self, role: Role) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.role == role)
    }
}
