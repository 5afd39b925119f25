//! Reads the trust updates that stand before the manifest; nothing in them is looked at.

use crate::bundle::trust::{TRUST_DIRECTORY, version_of};
use crate::bundle::{MAX_TRUST_UPDATE, MAX_TRUST_UPDATES, TrustUpdate};

use super::dir::Tree;
use super::error::ReadError;
use super::front::{MAX_SIGNATURES, member, read_file};
use super::layout::framed;
use super::ustar::{self, BLOCK};
use super::volumes::Volume;

/// Reads the updates at the beginning of a tar form; returns where the manifest stands.
pub(super) fn of_tar(volume: &Volume) -> Result<(Vec<TrustUpdate>, u64), ReadError> {
    let mut updates = Vec::new();
    let mut at = 0;
    while let Some(version) = version_at(volume, at)? {
        check_next(&updates, version)?;
        let mut next = |name: String, limit| {
            let bytes = member(volume, at, &name, limit)?;
            at += framed(bytes.len() as u64);
            Ok::<_, ReadError>(bytes)
        };
        let statement = next(TrustUpdate::statement_name(version), MAX_TRUST_UPDATE)?;
        let signatures = next(TrustUpdate::signature_name(version), MAX_SIGNATURES)?;
        updates.push(TrustUpdate {
            version,
            statement,
            signatures,
        });
    }
    Ok((updates, at))
}

/// Reads the updates of a directory form; what else lies there is found later.
pub(super) fn of_tree(tree: &Tree) -> Result<Vec<TrustUpdate>, ReadError> {
    // Every version has two files.
    let names = tree.names_in(TRUST_DIRECTORY, 2 * MAX_TRUST_UPDATES)?;
    let names = names.ok_or(ReadError::TooManyTrustUpdates)?;
    let paths = names.iter().map(|name| format!("{TRUST_DIRECTORY}/{name}"));
    let mut versions: Vec<u64> = paths.filter_map(|path| version_of(&path)).collect();
    versions.sort_unstable();
    let mut updates = Vec::new();
    for version in versions {
        check_next(&updates, version)?;
        let read = |name: String, limit| read_file(&tree.member(&name)?, limit);
        updates.push(TrustUpdate {
            version,
            statement: read(TrustUpdate::statement_name(version), MAX_TRUST_UPDATE)?,
            signatures: read(TrustUpdate::signature_name(version), MAX_SIGNATURES)?,
        });
    }
    Ok(updates)
}

/// Returns the version whose statement stands there, if one does.
fn version_at(volume: &Volume, at: u64) -> Result<Option<u64>, ReadError> {
    let mut block = [0; BLOCK];
    if volume.size.saturating_sub(at) < BLOCK as u64 {
        return Ok(None);
    }
    volume.read_at(&mut block, at)?;
    // What is no header is told as a manifest that is not in order.
    Ok(ustar::decode(&block)
        .ok()
        .and_then(|header| version_of(header.name)))
}

fn check_next(updates: &[TrustUpdate], found: u64) -> Result<(), ReadError> {
    if updates.len() == MAX_TRUST_UPDATES {
        return Err(ReadError::TooManyTrustUpdates);
    }
    match updates.last() {
        Some(last) if last.version.checked_add(1) != Some(found) => {
            Err(ReadError::TrustUpdateOrder {
                after: last.version,
                found,
            })
        }
        _ => Ok(()),
    }
}
