//! What a release commit says: made from the tested commit, the head of the release ref and the options.

use super::{Form, PromoteOptions};
use crate::format::gvariant::Value;
use crate::format::{Checksum, Commit, Encoded, Metadata};
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::finding::{Finding, PromotionFinding};

/// The commit that was tested, in hexadecimal: `s` in the metadata of a release commit.
pub const SOURCE_COMMIT: &str = "airlock.source-commit";
/// The refs that the tested commit was bound to: `as` in the metadata of a release commit.
pub const SOURCE_REF: &str = "airlock.source-ref";
const END_OF_LIFE: &str = "ostree.endoflife";

/// Builds the release commit; the head itself, when that is this promotion already.
pub(super) fn release(
    target: &Repo,
    tested: &Encoded<Commit>,
    head: Option<&Encoded<Commit>>,
    options: &PromoteOptions,
) -> Result<Encoded<Commit>, Error> {
    if options.form == Form::SameCommit {
        return Ok(tested.clone());
    }
    let bindings = bindings(target, options)?;
    let make = |parent: Option<Checksum>, timestamp: u64| {
        Encoded::encode(Commit {
            metadata: metadata(target, tested, &bindings, options),
            parent,
            subject: options
                .subject
                .clone()
                .unwrap_or_else(|| tested.subject.clone()),
            body: options.body.clone().unwrap_or_else(|| tested.body.clone()),
            timestamp: options.timestamp.unwrap_or(timestamp),
            tree: tested.tree,
            meta: tested.meta,
        })
    };
    if let Some(head) = head {
        let again = make(head.parent, head.timestamp);
        if again.checksum() == head.checksum() {
            return Ok(again);
        }
    }
    Ok(make(head.map(Encoded::checksum), options.now))
}

/// Collects what stands against this promotion, as far as the commits themselves tell.
pub(super) fn objections(
    target: &Repo,
    tested: &Encoded<Commit>,
    head: Option<&Encoded<Commit>>,
    options: &PromoteOptions,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let timestamp = match options.form {
        Form::NewCommit => options.timestamp.unwrap_or(options.now),
        Form::SameCommit => tested.timestamp,
    };
    let limits = [
        ("source", Some(tested.timestamp)),
        ("target", head.map(|head| head.timestamp)),
    ];
    for (than, limit) in limits {
        if let Some(limit) = limit.filter(|&limit| timestamp < limit) {
            let than = than.into();
            let below = PromotionFinding::TimestampBelow {
                timestamp,
                than,
                limit,
            };
            findings.push(below.into());
        }
    }
    if options.form == Form::SameCommit {
        findings.extend(unfit_as_it_is(target, tested, options));
    }
    findings
}

/// A commit that is published as it is must bind the release ref and the collection itself.
fn unfit_as_it_is(
    target: &Repo,
    tested: &Encoded<Commit>,
    options: &PromoteOptions,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let commit = tested.checksum();
    let name = options.target.to_string();
    match tested.ref_binding() {
        Some(bindings) if bindings.contains(&name) => {}
        Some(bindings) => findings.push(Finding::NotBound {
            name: options.target.clone(),
            commit,
            bindings,
        }),
        None => findings.push(Finding::Unbound { commit }),
    }
    let found = tested.collection_binding().and_then(|id| id.parse().ok());
    if found.as_ref() != target.collection_id() {
        findings.push(Finding::OtherCollection {
            wanted: target.collection_id().cloned(),
            found,
        });
    }
    findings
}

/// The refs the commit is bound to, sorted: the release ref, its aliases, and those asked for.
///
/// A client that pulls an alias refuses a commit that does not bind it.
fn bindings(target: &Repo, options: &PromoteOptions) -> Result<Vec<String>, Error> {
    let mut names = vec![options.target.to_string()];
    names.extend(options.bind_refs.iter().map(ToString::to_string));
    for (name, entry) in target.refs()? {
        if entry.alias_of.as_ref() == Some(&options.target) {
            names.push(name.to_string());
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn metadata(
    target: &Repo,
    tested: &Commit,
    bindings: &[String],
    options: &PromoteOptions,
) -> Metadata {
    let dropped = |key: &str| {
        let stale = [SOURCE_COMMIT, SOURCE_REF].contains(&key) || key.starts_with(END_OF_LIFE);
        stale || options.drop_metadata.iter().any(|drop| drop == key)
    };
    let kept = tested.metadata.iter().filter(|(key, _)| !dropped(key));
    let mut metadata: Metadata = kept.map(|(key, value)| (key, value.clone())).collect();
    if let Some(version) = &options.version {
        metadata.insert(Metadata::VERSION, Value::str(version));
    }
    for (key, value) in &options.add_metadata {
        metadata.insert(key.clone(), value.clone());
    }
    metadata.insert(Metadata::REF_BINDING, Value::strv(bindings));
    match target.collection_id() {
        Some(id) => metadata.insert(Metadata::COLLECTION_BINDING, Value::str(id.as_ref())),
        None => drop(metadata.remove(Metadata::COLLECTION_BINDING)),
    }
    let source = Encoded::encode(tested.clone()).checksum();
    metadata.insert(SOURCE_COMMIT, Value::str(&source.to_string()));
    if let Some(refs) = tested.ref_binding().filter(|refs| !refs.is_empty()) {
        metadata.insert(SOURCE_REF, Value::strv(&refs));
    }
    metadata
}
