//! Reading the inventory of a site, and judging it if somebody can.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

use super::InventoryError;
use super::take::signature_of;
use crate::bundle::{Inventory, MAX_INVENTORY};
use crate::openpgp::{Fingerprint, MAX_SIGNATURE_BYTES, split_signatures};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::subject::Subject;
use crate::workflow::trust::Trust;

/// An inventory, and who vouches for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SiteInventory {
    /// What it says.
    pub inventory: Inventory,
    /// Who vouches for that.
    pub vouched: Vouched,
}

/// Who vouches for an inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "signers", rename_all = "kebab-case")]
pub enum Vouched {
    /// Good signatures by certificates that were given.
    Verified(BTreeSet<Fingerprint>),
    /// It has signatures, and nobody was there to check them.
    Unchecked,
    /// It has none.
    Unsigned,
}

/// Reads an inventory; with `trust`, one of its certificates must have signed.
///
/// Whatever role the certificate has in a policy: an inventory decides only what is left out.
pub fn read_inventory(
    path: &Path,
    trust: Option<&Trust>,
    now: u64,
) -> Result<SiteInventory, Error> {
    let bytes = read(path, MAX_INVENTORY)?.ok_or_else(|| failed(path, io::ErrorKind::NotFound))?;
    let signatures = match read(&signature_of(path), MAX_SIGNATURE_BYTES as u64)? {
        Some(file) => split_signatures(&file)?,
        None => Vec::new(),
    };
    let vouched = match trust {
        Some(trust) => verified(trust, &bytes, &signatures, now)?,
        None if signatures.is_empty() => Vouched::Unsigned,
        None => Vouched::Unchecked,
    };
    let inventory = Inventory::parse(&bytes).map_err(|source| InventoryError::Content {
        path: path.to_owned(),
        source,
    })?;
    Ok(SiteInventory { inventory, vouched })
}

fn verified(
    trust: &Trust,
    bytes: &[u8],
    signatures: &[Vec<u8>],
    now: u64,
) -> Result<Vouched, Error> {
    let subject = Subject::Inventory;
    if signatures.is_empty() {
        return Err(Error::refused(Finding::Unsigned { subject }));
    }
    let verification = trust.verify(bytes, signatures, now);
    let signers = verification.signers();
    if signers.is_empty() {
        return Err(Error::refused(Finding::TooFewSigners {
            subject,
            needed: 1,
            signers: Vec::new(),
            others: Vec::new(),
            rejected: verification.rejected,
        }));
    }
    Ok(Vouched::Verified(signers))
}

/// Reads a file up to one byte beyond its limit, which its reader then refuses.
fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, InventoryError> {
    let mut bytes = Vec::new();
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other,
    };
    let read = file.and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(failed(path, error)),
    }
}

fn failed(path: &Path, source: impl Into<io::Error>) -> InventoryError {
    InventoryError::Io {
        action: "read",
        path: path.to_owned(),
        source: source.into(),
    }
}
