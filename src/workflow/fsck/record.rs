//! What a repository remembers, held against what it is: the journal's chain, the record of what was
//! accepted, and where the refs were after the last bundle.

use std::io;

use super::{CheckFinding, Heads};
use crate::bundle::RepositoryId;
use crate::repo::Repo;
use crate::workflow::Error;
use crate::workflow::finding::RecordFinding;
use crate::workflow::journal;
use crate::workflow::rollback::Previous;
use crate::workflow::site::{Accepted, Records};

/// Looks at the journal, at the record and its copy; tells whether this user may.
pub(super) fn check(
    repo: &Repo,
    heads: &Heads,
    findings: &mut Vec<CheckFinding>,
) -> Result<bool, Error> {
    match look(repo, heads) {
        Ok(found) => {
            findings.extend(found.into_iter().map(CheckFinding::Record));
            Ok(true)
        }
        // The objects are for everybody to check, the journal is not (mode 0640).
        Err(error) if is_denied(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_denied(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::PermissionDenied) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn look(repo: &Repo, heads: &Heads) -> Result<Vec<RecordFinding>, Error> {
    let mut found = Vec::new();
    if let (_, Some(fault)) = journal::scan(repo)? {
        let (fault, refs) = (fault.to_string(), Vec::new());
        found.push(RecordFinding::JournalBroken { fault, refs });
    }
    let mut records = Records::read(repo, None)?;
    let own = records.own.as_ref();
    let twin: Option<RepositoryId> = own.and_then(|own| own.repository.parse().ok());
    if let Some(twin) = twin {
        records.find_copy(&twin)?;
    }
    found.extend(records.lost(repo)?);
    if let Some(own) = &records.own {
        moved(repo, own, heads, &mut found)?;
    }
    Ok(found)
}

/// Names the refs that stand elsewhere than the last bundle put them, and not where `rollback --hold` did.
fn moved(
    repo: &Repo,
    own: &Accepted,
    heads: &Heads,
    found: &mut Vec<RecordFinding>,
) -> Result<(), Error> {
    let previous = Previous::load(repo)?.filter(|previous| previous.held);
    for (name, &accepted) in &own.heads {
        let here = heads.get(name).copied();
        let held = previous.as_ref().and_then(|held| held.moved.get(name));
        if here != Some(accepted) && held.is_none_or(|held| held.from != here) {
            found.push(RecordFinding::HeadMoved {
                name: name.clone(),
                accepted,
                here,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::RepoError;

    #[test]
    fn only_what_may_not_be_read_is_left_out() {
        for (kind, denied) in [
            (io::ErrorKind::PermissionDenied, true),
            (io::ErrorKind::NotFound, false),
            (io::ErrorKind::InvalidData, false),
        ] {
            let error = RepoError::Io {
                action: "read",
                path: "extensions/airlock/journal.jsonl".into(),
                source: kind.into(),
            };
            assert_eq!(is_denied(&Error::from(error)), denied, "{kind}");
        }
    }
}
