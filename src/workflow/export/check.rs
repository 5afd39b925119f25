//! What must hold before the first byte is written.

use super::{Error, ExportError, ExportOptions, ExportSigners, Index, PermitRollback, Waiver};
use crate::bundle::TrustUpdate;
use crate::format::delta::MAX_HISTORY;
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName};
use crate::repo::{Repo, RepoError};
use crate::workflow::{Finding, Subject};

/// The highest zstd level whose window every reader accepts.
const MAX_LEVEL: i32 = 19;

/// Checks the question itself.
pub(super) fn question(options: &ExportOptions<'_>) -> Result<(), ExportError> {
    if options.refs.is_empty() {
        return Err(ExportError::NoRefs);
    }
    for (index, name) in options.refs.iter().enumerate() {
        if options.refs[..index].contains(name) {
            return Err(ExportError::RefTwice { name: name.clone() });
        }
    }
    if let Some(level) = options
        .level
        .filter(|level| !(1..=MAX_LEVEL).contains(level))
    {
        return Err(ExportError::Level { level });
    }
    if options.history > MAX_HISTORY {
        let asked = options.history;
        return Err(ExportError::History { asked });
    }
    match options
        .expires
        .is_some_and(|expires| expires <= options.now)
    {
        true => Err(ExportError::Expiry),
        false => Ok(()),
    }
}

/// Checks that everything that is to be signed has a signer who outlives it.
pub(super) fn signers(
    options: &ExportOptions<'_>,
    signers: ExportSigners<'_>,
) -> Result<(), Error> {
    if options.index == Index::Carried && signers.summary.is_empty() {
        return Err(ExportError::SummaryUnsigned.into());
    }
    let early = signers.bundle.iter().filter(|signer| {
        let ends = signer.expires(options.now).zip(options.expires);
        ends.is_some_and(|(key, bundle)| key < bundle)
    });
    let finding = |certificate| Finding::KeyExpiresFirst {
        subject: Subject::Bundle,
        certificate,
    };
    Error::refuse_any(
        early
            .map(|signer| finding(signer.certificate().clone()))
            .collect(),
    )
}

/// Returns the trust updates that travel; refuses those that no site would take.
pub(super) fn trust_updates<'a>(options: &ExportOptions<'a>) -> Result<&'a [TrustUpdate], Error> {
    match options.trust {
        Some(trust) => trust.travelling(options.now),
        None => Ok(&[]),
    }
}

/// Lists why clients, or the import, would refuse the commit under this ref.
pub(super) fn commit(
    repo: &Repo,
    name: &RefName,
    commit: &Encoded<Commit>,
    meta: &Metadata,
    options: &ExportOptions<'_>,
) -> Result<Vec<Finding>, RepoError> {
    let checksum = commit.checksum();
    let mut findings = Vec::new();
    if repo.is_partial(&checksum)? {
        findings.push(Finding::Partial { commit: checksum });
    }
    let signed = meta
        .signatures(Metadata::GPGSIGS)
        .is_ok_and(|all| !all.is_empty());
    if !signed && !options.waivers.contains(&Waiver::UnsignedCommit) {
        let subject = Subject::Commit {
            name: name.clone(),
            commit: checksum,
        };
        findings.push(Finding::Unsigned { subject });
    }
    match commit.ref_binding() {
        Some(bindings) if !bindings.contains(&name.to_string()) => {
            findings.push(Finding::NotBound {
                name: name.clone(),
                commit: checksum,
                bindings,
            });
        }
        None if !options.waivers.contains(&Waiver::UnboundCommit) => {
            findings.push(Finding::Unbound { commit: checksum });
        }
        _ => {}
    }
    let found = commit.collection_binding().and_then(|id| id.parse().ok());
    let wanted = repo.collection_id().cloned();
    if wanted.is_some() && found != wanted {
        findings.push(Finding::OtherCollection { wanted, found });
    }
    Ok(findings)
}

/// Lists why the import would refuse the commit on top of this base.
pub(super) fn base(
    source: &Repo,
    name: &RefName,
    commit: &Commit,
    base: &Checksum,
    permit: Option<&PermitRollback>,
) -> Result<Vec<Finding>, RepoError> {
    let mut findings = Vec::new();
    if source.is_partial(base)? {
        findings.push(Finding::Partial { commit: *base });
    }
    let (current, offered) = (source.commit(base)?.timestamp, commit.timestamp);
    if current > offered && !PermitRollback::is_for(permit, name) {
        findings.push(Finding::Downgrade {
            name: name.clone(),
            current,
            offered,
        });
    }
    Ok(findings)
}
