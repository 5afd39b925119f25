//! A permission to take one ref back: `--permit-rollback`.
//!
//! The twin's ref was set back to the old commit before; what the site must have accepted last is
//! the number that was given out last, unless somebody says another.

use std::collections::BTreeMap;

use super::{Error, ExportError, PlannedRelease};
use crate::bundle::Rollback;
use crate::format::RefName;
use crate::repo::Repo;
use crate::workflow::site::last_sequence;

/// Which ref may go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitRollback {
    /// The ref.
    pub name: RefName,
    /// The last sequence number that the site accepted for it; without it, the last one given out.
    pub from_sequence: Option<u64>,
}

impl PermitRollback {
    /// Tells whether a ref is the one that may go back.
    pub(super) fn is_for(permit: Option<&Self>, name: &RefName) -> bool {
        permit.is_some_and(|permit| permit.name == *name)
    }
}

/// Makes the permission for the release that travels; none was asked for without `permit`.
pub(super) fn find(
    repo: &Repo,
    permit: Option<&PermitRollback>,
    releases: &[PlannedRelease],
    sequence: &BTreeMap<RefName, u64>,
) -> Result<Option<Rollback>, Error> {
    let Some(PermitRollback {
        name,
        from_sequence,
    }) = permit
    else {
        return Ok(None);
    };
    let stays = || ExportError::NothingToPermit { name: name.clone() };
    let mut of_ref = releases.iter().filter(|release| release.name == *name);
    let release = of_ref.next().ok_or_else(stays)?;
    let from_sequence = match from_sequence {
        Some(number) => *number,
        None => last_sequence(repo, name)?.ok_or_else(stays)?,
    };
    if sequence
        .get(name)
        .is_none_or(|number| from_sequence >= *number)
    {
        return Err(stays().into());
    }
    Ok(Some(Rollback {
        name: name.clone(),
        from_sequence,
        to: release.commit,
    }))
}
