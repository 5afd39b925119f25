//! From refs and commits down: what is missing, and where a bad object belongs.

use std::collections::{BTreeMap, HashSet};

use super::super::error::RepoError;
use super::super::paths::RefPlace;
use super::super::repository::Repo;
use super::super::walk::{Missing, ObjectSource, missing};
use super::{FsckFinding, FsckOptions, Heads, Where};
use crate::format::{Checksum, ObjectKind, ObjectName};

/// A repository in which bad objects count as absent, so that a walk stops at them and says where.
struct Sound<'a> {
    repo: &'a Repo,
    present: &'a HashSet<ObjectName>,
    bad: &'a BTreeMap<ObjectName, String>,
}

impl ObjectSource for Sound<'_> {
    fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        Ok(self.present.contains(name) && !self.bad.contains_key(name))
    }

    fn metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        match ObjectSource::has(self, name)? {
            true => self.repo.read_metadata(name),
            false => Err(RepoError::ObjectMissing { name: *name }),
        }
    }
}

/// Follows the commits, and turns what is bad or missing into findings.
pub(super) fn follow(
    repo: &Repo,
    present: &HashSet<ObjectName>,
    bad: BTreeMap<ObjectName, String>,
    heads: &Heads,
    commits: &[Checksum],
) -> Result<Vec<FsckFinding>, RepoError> {
    let sound = Sound {
        repo,
        present,
        bad: &bad,
    };
    let mut places: BTreeMap<ObjectName, Where> = BTreeMap::new();
    for Missing {
        object,
        commit,
        path,
    } in missing(&sound, commits)?
    {
        let head = heads.iter().find(|(_, head)| **head == commit);
        let name = head.map(|((place, name), _)| show(place, name.as_ref()));
        places.entry(object).or_insert(Where { name, commit, path });
    }
    let mut findings = Vec::new();
    for (object, reason) in bad {
        findings.push(FsckFinding::Corrupt {
            place: places.remove(&object),
            object,
            reason,
        });
    }
    let gone = places.into_iter();
    findings.extend(gone.map(|(object, place)| FsckFinding::Missing { object, place }));
    Ok(findings)
}

/// Checks that refs name commits that are there and, if asked, are bound to them.
pub(super) fn refs(
    repo: &Repo,
    options: &FsckOptions,
    present: &HashSet<ObjectName>,
    heads: &Heads,
    findings: &mut Vec<FsckFinding>,
) -> Result<(), RepoError> {
    for ((place, name), commit) in heads {
        let shown = show(place, name.as_ref());
        if !present.contains(&ObjectName::new(*commit, ObjectKind::Commit)) {
            findings.push(FsckFinding::Dangling {
                name: shown,
                commit: *commit,
            });
            continue;
        }
        // A commit that cannot be read was reported as corrupt.
        let Ok(found) = repo.commit(commit) else {
            continue;
        };
        let bound = found.ref_binding();
        if options.bindings && !matches!(place, RefPlace::Remote(_)) {
            if let Some(bound) = &bound
                && !bound.iter().any(|bound| bound == name.as_ref())
            {
                findings.push(FsckFinding::Unbound {
                    name: shown.clone(),
                    commit: *commit,
                    bound: bound.clone(),
                });
            }
            let wanted = match place {
                RefPlace::Mirror(collection) => Some(collection.to_string()),
                _ => repo.collection_id().map(ToString::to_string),
            };
            let collection = found.collection_binding().map(ToOwned::to_owned);
            if wanted.is_some() && collection != wanted {
                findings.push(FsckFinding::OtherCollection {
                    name: shown.clone(),
                    commit: *commit,
                    bound: collection,
                });
            }
        }
        if options.back_refs && *place == RefPlace::Heads {
            for name in bound.unwrap_or_default() {
                let known = heads
                    .keys()
                    .any(|(place, head)| *place == RefPlace::Heads && head.as_ref() == name);
                if !known {
                    findings.push(FsckFinding::NoBackRef {
                        name,
                        commit: *commit,
                    });
                }
            }
        }
    }
    Ok(())
}

/// A ref as people write it.
fn show(place: &RefPlace, name: &str) -> String {
    match place {
        RefPlace::Heads => name.to_owned(),
        RefPlace::Remote(remote) => format!("{remote}:{name}"),
        RefPlace::Mirror(collection) => format!("({collection}, {name})"),
    }
}
