//! Staging a file object of a bundle, in the form that the repository's mode wants.

use super::Error;
use crate::bundle::FilezObject;
use crate::format::Checksum;
use crate::repo::{Mode, Transaction};

/// Stages a file that a bundle brings; one that is there already is not written again.
pub fn stage_file(
    tx: &Transaction<'_>,
    name: &Checksum,
    object: FilezObject<'_>,
) -> Result<(), Error> {
    match object {
        FilezObject::Whole {
            info,
            content: Some(content),
            ..
        } => tx.adopt_content(name, content, info)?,
        FilezObject::Whole { stored, info, .. } => tx.adopt_filez(name, stored, info)?,
        FilezObject::Streamed(large) if tx.repo().mode() == Mode::Archive => {
            let stored = large.stored_len();
            tx.adopt_checked(name, stored, &mut large.stored())?;
        }
        FilezObject::Streamed(large) => {
            let (header, size) = (large.header().clone(), large.size());
            tx.write_file_expecting(name, &header, size, &mut large.content())?;
        }
    }
    Ok(())
}
