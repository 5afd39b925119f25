//! `show`: one commit, everything that is said about it, and who signed it.

use serde::Serialize;

use super::finding::Finding;
use super::log::{self, LogEntry};
use super::policy::{Claim, Role};
use super::subject::Subject;
use super::{Error, Trust};
use crate::ed25519;
use crate::format::gvariant::{Value, View};
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName};
use crate::openpgp::Verification;
use crate::repo::Repo;

/// One key of a commit's metadata.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MetadataEntry {
    /// The key.
    pub key: String,
    /// The GVariant type of the value.
    #[serde(rename = "type")]
    pub signature: String,
    /// The value, if it is one that a line can show.
    pub value: Option<String>,
    /// How many bytes the value has.
    pub bytes: usize,
}

/// A commit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShowOutcome {
    /// What a list would show.
    #[serde(flatten)]
    pub entry: LogEntry,
    /// The refs that name it here.
    pub refs: Vec<RefName>,
    /// The refs it may be published under; absent when it does not say.
    pub ref_binding: Option<Vec<String>>,
    /// The collection it belongs to.
    pub collection_binding: Option<String>,
    /// Everything that is said about it.
    pub metadata: Vec<MetadataEntry>,
    /// Who signed it; absent when nobody said whom to trust.
    pub verification: Option<Verification>,
    /// Its Ed25519 signatures; absent unless the trust directory holds keys of that kind.
    pub ed25519: Option<Vec<ed25519::Verdict>>,
    /// Why it is not to be trusted; only with a trust directory.
    pub findings: Vec<Finding>,
}

/// Describes the commit that `rev` names; with `trust`, judges who signed it at the time `now`.
pub fn show(repo: &Repo, rev: &str, trust: Option<&Trust>, now: u64) -> Result<ShowOutcome, Error> {
    let commit = repo.commit(&repo.resolve(rev)?)?;
    let refs = names(repo, &commit.checksum())?;
    let verification = match trust {
        Some(trust) => Some(verify(repo, trust, &commit, now)?),
        None => None,
    };
    let ed25519 = match trust.map(Trust::ed25519) {
        None | Some([]) => None,
        Some(keys) => {
            let beside = repo.commitmeta(&commit.checksum())?;
            let signatures = beside.signatures(Metadata::SIGN_ED25519)?;
            Some(ed25519::verify(commit.bytes(), &signatures, keys))
        }
    };
    let findings = match (trust, &verification) {
        (Some(trust), Some(verification)) => {
            let judged = judged_refs(rev, &refs, &commit);
            judge(repo, trust, &commit, verification, &judged, now)
        }
        _ => Vec::new(),
    };
    Ok(ShowOutcome {
        entry: log::describe(repo, &commit)?,
        refs,
        ref_binding: commit.ref_binding(),
        collection_binding: commit.collection_binding().map(str::to_owned),
        metadata: commit.metadata.iter().map(entry).collect(),
        verification,
        ed25519,
        findings,
    })
}

/// Finds out who signed a commit.
pub(super) fn verify(
    repo: &Repo,
    trust: &Trust,
    commit: &Encoded<Commit>,
    now: u64,
) -> Result<Verification, Error> {
    let beside = repo.commitmeta(&commit.checksum())?;
    let signatures = beside.signatures(Metadata::GPGSIGS)?;
    Ok(trust.verify(commit.bytes(), &signatures, now))
}

/// Judges a commit under each of the refs it is found under.
pub(super) fn judge(
    repo: &Repo,
    trust: &Trust,
    commit: &Encoded<Commit>,
    verification: &Verification,
    refs: &[RefName],
    now: u64,
) -> Vec<Finding> {
    if refs.is_empty() {
        let commit = commit.checksum();
        return vec![Finding::Unbound { commit }];
    }
    let of = |name: &RefName| {
        let claim = Claim {
            role: Role::Commit,
            subject: Subject::Commit {
                name: name.clone(),
                commit: commit.checksum(),
            },
            refs: std::slice::from_ref(name),
            collection: repo.collection_id(),
            created: commit.timestamp,
            expires: None,
            now,
        };
        trust.judge(&claim, verification)
    };
    refs.iter().flat_map(of).collect()
}

/// Returns the refs under which a commit is judged: the one that was asked for, or those that name
/// it, or else those it is bound to.
fn judged_refs(rev: &str, refs: &[RefName], commit: &Commit) -> Vec<RefName> {
    if let Some(asked) = refs.iter().find(|name| name.as_str() == rev) {
        return vec![asked.clone()];
    }
    if !refs.is_empty() {
        return refs.to_vec();
    }
    let bound = commit.ref_binding().unwrap_or_default();
    bound.iter().filter_map(|name| name.parse().ok()).collect()
}

fn names(repo: &Repo, commit: &Checksum) -> Result<Vec<RefName>, Error> {
    let refs = repo.refs()?.into_iter();
    let here = refs.filter(|(_, entry)| entry.commit == *commit);
    Ok(here.map(|(name, _)| name).collect())
}

/// Describes one key of metadata.
pub(super) fn entry((key, value): (&str, &Value)) -> MetadataEntry {
    MetadataEntry {
        key: key.to_owned(),
        signature: value.signature().to_owned(),
        value: text(value.view()),
        bytes: value.bytes().len(),
    }
}

/// Renders the values that a line can hold.
fn text(view: View<'_>) -> Option<String> {
    match view.type_str() {
        "s" => view.as_str().map(str::to_owned),
        "b" => view.boolean().map(|value| value.to_string()),
        "y" => view.byte().map(|value| value.to_string()),
        "u" => view.u32().map(|value| value.to_string()),
        "t" => view.u64().map(|value| value.to_string()),
        "as" => {
            let words: Option<Vec<&str>> = view.iter().map(|word| word.as_str()).collect();
            words.map(|words| words.join(", "))
        }
        _ => None,
    }
}
