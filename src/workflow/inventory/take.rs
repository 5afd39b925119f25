//! Taking the inventory of a repository.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::InventoryError;
use crate::bundle::{Inventory, SiteName};
use crate::format::RefName;
use crate::openpgp::{Fingerprint, Signer, armor_signatures};
use crate::repo::{Repo, walk};
use crate::workflow::error::Error;
use crate::workflow::sidecar::replace;
use crate::workflow::site::Accepted;

/// Whose inventory, and where it goes.
#[derive(Clone)]
pub struct InventoryOptions<'a> {
    /// The site.
    pub site: SiteName,
    /// The file, with the signatures in `FILE.asc` beside it; none for nowhere.
    pub output: Option<&'a Path>,
    /// Who signs it; nobody may.
    pub signers: &'a [Box<dyn Signer>],
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// An inventory that was taken.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InventoryOutcome {
    /// What the site has.
    pub inventory: Inventory,
    /// The refs whose commits are not complete, which are left out.
    pub incomplete: Vec<RefName>,
    /// The file.
    pub file: Option<PathBuf>,
    /// The signatures beside it.
    pub signature: Option<PathBuf>,
    /// Who signed.
    pub signers: Vec<Fingerprint>,
}

/// Says which commits a repository has, complete; writes that down, signed.
pub fn inventory(repo: &Repo, options: &InventoryOptions<'_>) -> Result<InventoryOutcome, Error> {
    let mode = repo.mode().to_string();
    let mut taken = Inventory::new(options.site.clone(), options.now, mode);
    taken.collection = repo.collection_id().cloned();
    if let Some(accepted) = Accepted::load(repo)? {
        taken.follows = accepted.repository.parse().ok();
        taken.sequence = accepted.sequence;
    }
    let mut incomplete = Vec::new();
    for (name, entry) in repo.refs()? {
        let commit = entry.commit;
        if walk::is_complete(repo, &commit)? {
            taken.heads.insert(name, commit);
        } else {
            incomplete.push(name);
        }
    }
    let mut outcome = InventoryOutcome {
        inventory: taken,
        incomplete,
        file: None,
        signature: None,
        signers: Vec::new(),
    };
    if let Some(path) = options.output {
        write(path, options, &mut outcome)?;
    }
    Ok(outcome)
}

/// Removes old signatures first: beside a new inventory they would make it look altered.
fn write(
    path: &Path,
    options: &InventoryOptions<'_>,
    outcome: &mut InventoryOutcome,
) -> Result<(), Error> {
    let bytes = outcome.inventory.to_bytes();
    let beside = signature_of(path);
    let mut signatures = Vec::new();
    for signer in options.signers {
        signatures.push(signer.sign(&bytes, options.now)?);
        outcome.signers.push(signer.certificate().clone());
    }
    let failed = |source| InventoryError::Io {
        action: "remove",
        path: beside.clone(),
        source,
    };
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(error).into());
        }
        _ => {}
    }
    replace(path, &bytes)?;
    outcome.file = Some(path.to_owned());
    if !signatures.is_empty() {
        replace(&beside, &armor_signatures(&signatures))?;
        outcome.signature = Some(beside);
    }
    Ok(())
}

/// Returns where the signatures of an inventory lie: `FILE.asc`.
pub(super) fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".asc");
    name.into()
}
