//! Reads `policy.toml`; every mistake is an error that names the line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{Policy, RefPattern, Role, Rule};
use crate::Class;
use crate::format::CollectionId;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    certificates: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    bundle: Vec<Spanned<Table>>,
    #[serde(default)]
    commit: Vec<Spanned<Table>>,
    #[serde(default)]
    summary: Vec<Spanned<Table>>,
    #[serde(default)]
    trust: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    refs: Option<Spanned<Vec<Spanned<String>>>>,
    certificates: Option<Spanned<Vec<Spanned<String>>>>,
    threshold: Option<Spanned<u64>>,
    collection: Option<Spanned<String>>,
    max_age: Option<Spanned<String>>,
    #[serde(default)]
    require_expiry: bool,
}

impl Policy {
    /// Reads `policy.toml` of a directory that holds these certificates.
    pub fn parse(text: &str, directory: &BTreeSet<Fingerprint>) -> Result<Self, PolicyError> {
        let at = |span: Range<usize>, fault| PolicyError {
            line: line_of(text, span.start),
            fault,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let message = error.message().to_owned();
            at(
                error.span().unwrap_or_default(),
                PolicyFault::Syntax { message },
            )
        })?;
        let mut reader = Reader {
            directory,
            names: BTreeMap::new(),
        };
        for (name, fingerprint) in file.certificates {
            let known = reader.fingerprint(fingerprint.get_ref());
            reader
                .names
                .insert(name, known.map_err(|fault| at(fingerprint.span(), fault))?);
        }
        let tables = [file.bundle, file.commit, file.summary, file.trust];
        let mut rules = Vec::new();
        for (role, tables) in Role::ALL.into_iter().zip(tables) {
            for table in tables {
                let line = line_of(text, table.span().start);
                let rule = reader.rule(role, line, table.into_inner());
                rules.push(rule.map_err(|(span, fault)| at(span, fault))?);
            }
        }
        if rules.is_empty() {
            return Err(at(0..0, PolicyFault::NoRules));
        }
        Ok(Self {
            rules,
            names: reader.names,
            written: true,
        })
    }
}

type Fault = (Range<usize>, PolicyFault);

struct Reader<'a> {
    directory: &'a BTreeSet<Fingerprint>,
    names: BTreeMap<String, Fingerprint>,
}

impl Reader<'_> {
    fn rule(&self, role: Role, line: usize, table: Table) -> Result<Rule, Fault> {
        if role == Role::Trust {
            refuse_for_trust("refs", table.refs.as_ref().map(Spanned::span))?;
            refuse_for_trust("collection", table.collection.as_ref().map(Spanned::span))?;
        }
        let certificates = match table.certificates {
            Some(words) => each(words, |word| self.certificate(word))?
                .into_iter()
                .collect(),
            None => self.directory.clone(),
        };
        let threshold = table
            .threshold
            .map(|given| threshold(given, certificates.len()))
            .transpose()?;
        Ok(Rule {
            role,
            refs: table
                .refs
                .map(|words| each(words, pattern))
                .transpose()?
                .unwrap_or_default(),
            certificates,
            threshold: threshold.unwrap_or(1),
            collection: table
                .collection
                .map(|text| value(text, collection))
                .transpose()?,
            max_age: table.max_age.map(|text| value(text, age)).transpose()?,
            require_expiry: table.require_expiry,
            line,
        })
    }

    fn certificate(&self, word: &str) -> Result<Fingerprint, PolicyFault> {
        match self.names.get(word) {
            Some(fingerprint) => Ok(fingerprint.clone()),
            None => self.fingerprint(word),
        }
    }

    fn fingerprint(&self, word: &str) -> Result<Fingerprint, PolicyFault> {
        let parsed: Result<Fingerprint, _> = word.parse();
        let fingerprint = parsed.map_err(|_| PolicyFault::UnknownName { name: word.into() })?;
        match self.directory.contains(&fingerprint) {
            true => Ok(fingerprint),
            false => Err(PolicyFault::NoSuchCertificate { fingerprint }),
        }
    }
}

fn refuse_for_trust(key: &'static str, span: Option<Range<usize>>) -> Result<(), Fault> {
    span.map_or(Ok(()), |span| Err((span, PolicyFault::NotForTrust { key })))
}

fn threshold(given: Spanned<u64>, certificates: usize) -> Result<usize, Fault> {
    let threshold = *given.get_ref();
    match usize::try_from(threshold) {
        Ok(0) => Err((given.span(), PolicyFault::ThresholdZero)),
        Ok(number) if number <= certificates => Ok(number),
        _ => Err((
            given.span(),
            PolicyFault::ThresholdTooHigh {
                threshold,
                certificates,
            },
        )),
    }
}

fn each<T>(
    words: Spanned<Vec<Spanned<String>>>,
    read: impl Fn(&str) -> Result<T, PolicyFault>,
) -> Result<Vec<T>, Fault> {
    if words.get_ref().is_empty() {
        return Err((words.span(), PolicyFault::EmptyList));
    }
    words
        .into_inner()
        .into_iter()
        .map(|word| value(word, &read))
        .collect()
}

fn value<T>(
    text: Spanned<String>,
    read: impl Fn(&str) -> Result<T, PolicyFault>,
) -> Result<T, Fault> {
    read(text.get_ref()).map_err(|fault| (text.span(), fault))
}

fn pattern(text: &str) -> Result<RefPattern, PolicyFault> {
    RefPattern::new(text).ok_or_else(|| PolicyFault::BadPattern {
        pattern: text.into(),
    })
}

fn collection(text: &str) -> Result<CollectionId, PolicyFault> {
    text.parse()
        .map_err(|_| PolicyFault::BadCollection { text: text.into() })
}

fn age(text: &str) -> Result<u64, PolicyFault> {
    let bad = || PolicyFault::BadAge { text: text.into() };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(bad()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(bad)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
}
