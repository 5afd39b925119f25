//! The mistakes that `policy.toml` can have, each with its line.

use crate::Class;
use crate::openpgp::Fingerprint;

/// A mistake in `policy.toml`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong in a line of `policy.toml`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("{message}")]
    Syntax {
        /// What the TOML parser said.
        message: String,
    },
    /// Not text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Neither a name of `[certificates]` nor a full fingerprint.
    #[error("`{name}` is neither a name in [certificates] nor a full fingerprint")]
    UnknownName {
        /// The word.
        name: String,
    },
    /// The directory holds no such certificate.
    #[error("the directory holds no certificate {fingerprint}")]
    NoSuchCertificate {
        /// The fingerprint.
        fingerprint: Fingerprint,
    },
    /// More signatures are wanted than there are certificates to make them.
    #[error("threshold {threshold} is above the number of certificates, {certificates}")]
    ThresholdTooHigh {
        /// The threshold.
        threshold: u64,
        /// How many certificates may sign.
        certificates: usize,
    },
    /// A threshold of zero would ask for nothing.
    #[error("a threshold of 0 would ask for no signature")]
    ThresholdZero,
    /// No ref can match the pattern.
    #[error("`{pattern}` matches no ref")]
    BadPattern {
        /// The pattern.
        pattern: String,
    },
    /// Not a collection ID.
    #[error("`{text}` is not a collection ID")]
    BadCollection {
        /// The word.
        text: String,
    },
    /// Not a length of time.
    #[error("`{text}` is not a length of time such as 90d")]
    BadAge {
        /// The word.
        text: String,
    },
    /// The same certificate or pattern twice in one list, which counts once and looks like two.
    #[error("`{word}` stands twice in the list")]
    Repeated {
        /// The second of the two.
        word: String,
    },
    /// An empty list, which would allow nobody or nothing.
    #[error("an empty list allows nothing; leave the key out to allow everything")]
    EmptyList,
    /// The trust role speaks of no ref.
    #[error("a trust rule has no `{key}`")]
    NotForTrust {
        /// The key that makes no sense there.
        key: &'static str,
    },
    /// No rule at all.
    #[error("there is no rule: [[bundle]], [[commit]], [[summary]] or [[trust]]")]
    NoRules,
}

impl PolicyError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        Class::Usage
    }
}
