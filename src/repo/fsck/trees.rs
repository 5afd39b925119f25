//! From refs and commits down: what is missing, and where a bad object belongs.

use std::collections::BTreeMap;

use super::super::error::RepoError;
use super::super::paths::RefPlace;
use super::super::walk::{Missing, ObjectSource, missing};
use super::{FsckFinding, Heads, Survey, Where, show};
use crate::format::{Checksum, ObjectKind, ObjectName};

/// Bad objects count as absent, so that a walk stops at them and says where.
impl ObjectSource for Survey<'_> {
    fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        Ok(self.is_sound(name))
    }

    fn metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        match self.is_sound(name) {
            true => self.repo().read_metadata(name),
            false => Err(RepoError::ObjectMissing { name: *name }),
        }
    }
}

/// Follows the commits, and turns what is bad or missing into findings.
pub(super) fn follow(
    survey: &Survey<'_>,
    heads: &Heads,
    commits: &[Checksum],
) -> Result<Vec<FsckFinding>, RepoError> {
    let mut places: BTreeMap<ObjectName, Where> = BTreeMap::new();
    let named = |commit: &Checksum| {
        let head = heads.iter().find(|(_, head)| *head == commit);
        head.map(|((place, name), _)| show(place, name.as_ref()))
    };
    let (gaps, mut findings) = gaps(survey, commits)?;
    for Missing {
        object,
        commit,
        path,
    } in gaps
    {
        let name = named(&commit);
        places.entry(object).or_insert(Where { name, commit, path });
    }
    for (object, reason) in survey.bad() {
        // Nothing names what stands beside a commit but the commit.
        let beside = || Where {
            name: named(&object.checksum),
            commit: object.checksum,
            path: "/".to_owned(),
        };
        let place = places.remove(object);
        findings.push(FsckFinding::Corrupt {
            place: place.or_else(|| (object.kind == ObjectKind::CommitMeta).then(beside)),
            object: *object,
            reason: reason.clone(),
        });
    }
    let gone = places.into_iter();
    findings.extend(gone.map(|(object, place)| FsckFinding::Missing { object, place }));
    Ok(findings)
}

/// Lists what the commits lack; of one whose directories go too deep nothing but that is told.
fn gaps(
    survey: &Survey<'_>,
    commits: &[Checksum],
) -> Result<(Vec<Missing>, Vec<FsckFinding>), RepoError> {
    match missing(survey, commits) {
        Err(RepoError::TooDeep { .. }) => {}
        other => return Ok((other?, Vec::new())),
    }
    let (mut gaps, mut deep) = (Vec::new(), Vec::new());
    for commit in commits {
        match missing(survey, &[*commit]) {
            Err(RepoError::TooDeep { limit }) => deep.push(FsckFinding::TooDeep {
                commit: *commit,
                limit,
            }),
            other => gaps.extend(other?),
        }
    }
    Ok((gaps, deep))
}

/// Checks that refs name commits that are there and, if asked, are bound to them.
pub(super) fn refs(
    survey: &Survey<'_>,
    heads: &Heads,
    findings: &mut Vec<FsckFinding>,
) -> Result<(), RepoError> {
    let (repo, options) = (survey.repo(), survey.options());
    for ((place, name), commit) in heads {
        let shown = show(place, name.as_ref());
        if !survey.is_present(&ObjectName::new(*commit, ObjectKind::Commit)) {
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
