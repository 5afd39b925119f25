//! Reads `policy.toml`; every mistake is an error that names the line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::fault::{PolicyError, PolicyFault};
use super::{Policy, RefPattern, Role, Rule};
use crate::format::CollectionId;
use crate::openpgp::Fingerprint;

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
    /// Reads the bytes of `policy.toml`.
    pub fn parse_bytes(
        bytes: &[u8],
        directory: &BTreeSet<Fingerprint>,
    ) -> Result<Self, PolicyError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            PolicyError {
                line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
                fault: PolicyFault::NotUtf8,
            }
        })?;
        Self::parse(text, directory)
    }

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

fn each<T: PartialEq>(
    words: Spanned<Vec<Spanned<String>>>,
    read: impl Fn(&str) -> Result<T, PolicyFault>,
) -> Result<Vec<T>, Fault> {
    if words.get_ref().is_empty() {
        return Err((words.span(), PolicyFault::EmptyList));
    }
    let mut all = Vec::new();
    for word in words.into_inner() {
        let (span, text) = (word.span(), word.get_ref().clone());
        let item = value(word, &read)?;
        if all.contains(&item) {
            return Err((span, PolicyFault::Repeated { word: text }));
        }
        all.push(item);
    }
    Ok(all)
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
        .filter(|&seconds| seconds > 0)
        .ok_or_else(bad)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
}
