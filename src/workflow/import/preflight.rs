//! Every reason to refuse a verified bundle that can be seen before its payload is read.

use crate::bundle::{ByteTotals, Manifest, Member, Release, Role as MemberRole, VerifiedBundle};
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName};
use crate::repo::walk::{self, Known};
use crate::repo::{Mode, Repo, RepoError};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::policy::{Claim, Role};
use crate::workflow::subject::Subject;

use super::ImportOptions;
use super::order::{downgrade, goes_back, order};
use super::site_state::SiteState;

/// Collects the findings, and what the bundle builds on; an error is something that could not even be
/// looked at.
pub(super) fn preflight(
    repo: &Repo,
    site: &SiteState,
    bundle: &VerifiedBundle,
    options: &ImportOptions<'_>,
    known: &mut Known,
) -> Result<Vec<Finding>, Error> {
    if repo.mode() == Mode::BareSplitXattrs {
        return Err(Error::Repo(RepoError::UnsupportedMode {
            mode: repo.mode(),
            what: "be written to",
        }));
    }
    let manifest = bundle.manifest();
    let mut findings = site.lost.clone();
    let accepted = site.accepted.as_ref();
    let behind = accepted.and_then(|accepted| options.trust.behind(accepted));
    findings.extend(behind.map(Finding::from));
    identity(repo, site, manifest, &mut findings);
    order(site, bundle, &mut findings);
    for release in &manifest.releases {
        findings.extend(downgrade(repo, site, bundle, release)?);
        findings.extend(base(repo, manifest, release, known)?);
    }
    refs(repo, site, manifest, options, &mut findings)?;
    summary(repo, site, manifest, options, &mut findings);
    findings.extend(space(repo, bundle)?);
    Ok(findings)
}

/// Is this the twin that the site follows, and the same collection?
fn identity(repo: &Repo, site: &SiteState, manifest: &Manifest, findings: &mut Vec<Finding>) {
    let found = manifest.repository.id.to_string();
    if let Some(accepted) = &site.accepted
        && !accepted.repository.is_empty()
        && accepted.repository != found
    {
        let pinned = accepted.repository.clone();
        findings.push(Finding::OtherRepository { pinned, found });
    }
    if repo.collection_id() != manifest.repository.collection.as_ref() {
        findings.push(Finding::OtherCollection {
            wanted: repo.collection_id().cloned(),
            found: manifest.repository.collection.clone(),
        });
    }
    if repo.config().is_flatpak() {
        findings.push(Finding::FlatpakRepository {
            found: "keys xa.* in its configuration".to_owned(),
        });
    }
}

/// Is one of the commits that the release builds on here, with everything it needs?
fn base(
    repo: &Repo,
    manifest: &Manifest,
    release: &Release,
    known: &mut Known,
) -> Result<Option<Finding>, Error> {
    let earlier = |commit: &Checksum| {
        let releases = manifest.releases.iter();
        let mut before = releases.take_while(|other| other.commit != release.commit);
        before.any(|other| other.commit == *commit)
    };
    if release.from.is_empty() || release.from.iter().any(earlier) {
        return Ok(None);
    }
    for commit in &release.from {
        if walk::is_complete_beyond(repo, commit, known)? {
            return Ok(None);
        }
    }
    Ok(Some(Finding::BaseMissing {
        name: release.name.clone(),
        any_of: release.from.clone(),
    }))
}

/// Do the refs that change without a release have a commit to go to?
fn refs(
    repo: &Repo,
    site: &SiteState,
    manifest: &Manifest,
    options: &ImportOptions<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    for (name, commit) in &manifest.refs_after {
        let Some(commit) = commit.filter(|commit| site.heads.get(name) != Some(commit)) else {
            continue;
        };
        let brought = |release: &Release| release.name == *name && release.commit == commit;
        if manifest.releases.iter().any(brought) {
            continue;
        }
        match repo.commit(&commit) {
            Err(RepoError::ObjectMissing { .. }) => findings.push(Finding::BaseMissing {
                name: name.clone(),
                any_of: vec![commit],
            }),
            Err(error) => return Err(error.into()),
            Ok(found) => {
                findings.extend(goes_back(repo, site, name, &commit, found.timestamp)?);
                let now = site.now;
                findings.extend(judge_present(repo, options, now, name, &found)?);
            }
        }
    }
    Ok(())
}

/// Judges a commit that is here already and that another ref is to have.
fn judge_present(
    repo: &Repo,
    options: &ImportOptions<'_>,
    now: u64,
    name: &RefName,
    commit: &Encoded<Commit>,
) -> Result<Vec<Finding>, Error> {
    let id = commit.checksum();
    let mut findings = Vec::new();
    match commit.ref_binding() {
        None => findings.push(Finding::Unbound { commit: id }),
        Some(bindings) if !bindings.iter().any(|bound| bound == name.as_str()) => {
            findings.push(Finding::NotBound {
                name: name.clone(),
                commit: id,
                bindings,
            });
        }
        Some(_) => {}
    }
    if !walk::is_complete(repo, &id)? {
        findings.push(Finding::Partial { commit: id });
    }
    let signatures = repo.commitmeta(&id)?.signatures(Metadata::GPGSIGS)?;
    let verification = options.trust.verify(commit.bytes(), &signatures, now);
    let claim = Claim {
        role: Role::Commit,
        subject: Subject::Commit {
            name: name.clone(),
            commit: id,
        },
        refs: std::slice::from_ref(name),
        collection: repo.collection_id(),
        created: commit.timestamp,
        expires: None,
        now,
    };
    findings.extend(options.trust.judge(&claim, &verification));
    Ok(findings)
}

/// Will the summary that is published be the right one, and stay?
fn summary(
    repo: &Repo,
    site: &SiteState,
    manifest: &Manifest,
    options: &ImportOptions<'_>,
    findings: &mut Vec<Finding>,
) {
    if !options.signing.summary.is_empty() {
        return;
    }
    if !carries_summary(manifest) {
        if site.signature.is_some() {
            findings.push(Finding::SummaryWouldLoseSignature);
        }
        return;
    }
    if repo.config().auto_update_summary() {
        let on = |key: &&str| {
            let value = repo.config().file().raw("core", key);
            value.is_some_and(|value| matches!(value.trim(), "true" | "1"))
        };
        let keys = ["auto-update-summary", "commit-update-summary"];
        let key = keys.into_iter().find(on).unwrap_or(keys[0]).to_owned();
        findings.push(Finding::AutoUpdateSummary { key });
    }
    let unlisted = site.heads.keys();
    let unlisted: Vec<String> = unlisted
        .filter(|name| !manifest.refs_after.contains_key(*name))
        .map(ToString::to_string)
        .collect();
    if !unlisted.is_empty() {
        findings.push(Finding::UnlistedRefs { refs: unlisted });
    }
}

/// Tells whether the bundle brings a signed summary.
pub(super) fn carries_summary(manifest: &Manifest) -> bool {
    let is_summary = |member: &Member| member.name.role == MemberRole::Summary;
    manifest.members.iter().any(is_summary)
}

fn space(repo: &Repo, bundle: &VerifiedBundle) -> Result<Option<Finding>, Error> {
    let sizes = bundle
        .manifest()
        .releases
        .iter()
        .map(|release| &release.bytes);
    let size = |bytes: &ByteTotals| match repo.mode() {
        Mode::Archive => bytes.stored,
        _ => bytes.content,
    };
    // Whatever is claimed: what cannot even be added up is more than there is.
    let total = sizes.fold(0, |total: u64, bytes| total.saturating_add(size(bytes)));
    let needed = total.saturating_sub(repo.staged_bytes(bundle.id())?);
    let available = repo.space_left()?;
    Ok((needed > available).then_some(Finding::NoSpace { needed, available }))
}
