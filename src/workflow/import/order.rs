//! The order of time: what is newer than what was accepted, what would go back, and who permitted it.

use crate::bundle::{Release, VerifiedBundle};
use crate::format::{Checksum, RefName};
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::finding::{BackFinding, Finding};
use crate::workflow::subject::Subject;

use super::site_state::{SiteState, commit_time};

/// How far ahead of every known clock a statement may be dated: a day.
pub(super) const AHEAD: u64 = 86_400;

/// Is it newer than what was accepted, and not from the future?
pub(super) fn order(site: &SiteState, bundle: &VerifiedBundle, findings: &mut Vec<Finding>) {
    let manifest = bundle.manifest();
    let limit = site.now.saturating_add(AHEAD);
    let stated = manifest
        .sequence
        .values()
        .copied()
        .chain([manifest.created]);
    if let Some(stated) = stated.max().filter(|stated| *stated > limit) {
        findings.push(Finding::FromTheFuture {
            subject: Subject::Bundle,
            stated,
            limit,
        });
    }
    let ahead = |release: &&Release| release.timestamp > limit;
    findings.extend(manifest.releases.iter().filter(ahead).map(|release| {
        let (name, commit) = (release.name.clone(), release.commit);
        Finding::FromTheFuture {
            subject: Subject::Commit { name, commit },
            stated: release.timestamp,
            limit,
        }
    }));
    // The last bundle again is taken up: what it brought may have been lost.
    if site.is_last(bundle) {
        return;
    }
    for (name, &sequence) in &manifest.sequence {
        let accepted = site.sequence(manifest, name);
        if let Some(accepted) = accepted.filter(|accepted| sequence <= *accepted) {
            findings.push(Finding::Replayed {
                name: name.clone(),
                sequence,
                accepted,
            });
        }
    }
}

/// Would the ref go back, and is that permitted?
pub(super) fn downgrade(
    repo: &Repo,
    site: &SiteState,
    bundle: &VerifiedBundle,
    release: &Release,
) -> Result<Vec<Finding>, Error> {
    let back = goes_back(
        repo,
        site,
        &release.name,
        &release.commit,
        release.timestamp,
    )?;
    let permission = bundle.manifest().rollback.as_ref();
    let permission = permission.filter(|it| it.name == release.name && it.to == release.commit);
    let (Some(back), Some(permission)) = (&back, permission) else {
        return Ok(back.into_iter().collect());
    };
    let accepted = site.sequence_before(bundle, &release.name);
    if accepted == Some(permission.from_sequence) {
        return Ok(Vec::new());
    }
    let unfit = BackFinding::PermissionUnfit {
        name: release.name.clone(),
        from_sequence: permission.from_sequence,
        accepted,
    };
    // The first one says what to do next.
    Ok(vec![unfit.into(), back.clone()])
}

/// Is the commit that the ref has younger than the one offered?
pub(super) fn goes_back(
    repo: &Repo,
    site: &SiteState,
    name: &RefName,
    commit: &Checksum,
    offered: u64,
) -> Result<Option<Finding>, Error> {
    let Some(head) = site.heads.get(name).filter(|head| *head != commit) else {
        return Ok(None);
    };
    let current = commit_time(repo, head)?.filter(|current| *current > offered);
    Ok(current.map(|current| Finding::Downgrade {
        name: name.clone(),
        current,
        offered,
    }))
}
