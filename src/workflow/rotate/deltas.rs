//! Static deltas whose superblock carries fewer signatures than the commit has by now.
//!
//! ```text
//! the signed summary does not list it          superblock and index are made anew
//! it does, and all who signed it sign again    so is the summary
//! it does, and somebody is missing             the delta goes: a new summary would lose a signature.
//!                                              Clients that look for it pull objects instead
//! ```

use std::io::ErrorKind;

use serde::Serialize;

use super::RotateOptions;
use crate::format::delta::{DeltaName, SignedSuperblock, Superblock};
use crate::format::{Checksum, Codec, Metadata, Summary};
use crate::openpgp::RejectedSignature;
use crate::repo::{Repo, RepoError};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::subject::Subject;

/// What happened to static deltas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeltaChanges {
    /// Those that carry all signatures now.
    pub renewed: Vec<String>,
    /// Those that were dropped.
    pub dropped: Vec<String>,
}

impl DeltaChanges {
    /// Tells whether anything changed.
    pub fn any(&self) -> bool {
        !self.renewed.is_empty() || !self.dropped.is_empty()
    }
}

/// The deltas that a summary lists, and whether it can be made anew.
pub(super) struct Listing {
    there: bool,
    listed: Vec<(DeltaName, Checksum)>,
    /// Whether everybody who signed the summary signs now.
    all_sign: bool,
    /// The signature of the summary that stock clients stop at.
    blocked: Option<RejectedSignature>,
}

impl Listing {
    pub(super) fn read(repo: &Repo, options: &RotateOptions<'_>) -> Result<Listing, Error> {
        let Some(bytes) = repo.summary()? else {
            return Ok(Listing {
                there: false,
                listed: Vec::new(),
                all_sign: true,
                blocked: None,
            });
        };
        let signed = match repo.summary_signature()? {
            Some(signature) => Metadata::decode(&signature)?,
            None => Metadata::new(),
        };
        let signatures = signed.signatures(Metadata::GPGSIGS)?;
        let by_ed25519 = !signed.signatures(Metadata::SIGN_ED25519)?.is_empty();
        let signed_by_one = |signature: &Vec<u8>| {
            options.signing.summary.iter().any(|signer| {
                let alone = std::slice::from_ref(signature);
                let verified = signer.public().verify(&bytes, alone, options.now);
                !verified.good.is_empty()
            })
        };
        // Ed25519 keys do not sign here: a new summary would lose theirs.
        let all_sign = signatures.iter().all(signed_by_one) && !by_ed25519;
        Ok(Listing {
            there: true,
            listed: Summary::decode(&bytes)?.static_deltas()?,
            all_sign,
            blocked: options
                .keyring
                .verify(&bytes, &signatures, options.now)
                .blocks_stock_clients()
                .cloned(),
        })
    }

    /// Finds the signature behind which stock clients never see a new one.
    pub(super) fn objection(&self) -> Option<Finding> {
        Some(Finding::BlocksStockClients {
            subject: Subject::Summary,
            rejected: self.blocked.clone()?,
        })
    }

    /// Tells whether there is a summary.
    pub(super) fn is_there(&self) -> bool {
        self.there
    }

    /// Tells whether the summary lists a delta that is not as it says any more.
    pub(super) fn must_be_renewed(&self, repo: &Repo) -> Result<bool, Error> {
        if !self.all_sign || self.listed.is_empty() {
            return Ok(false);
        }
        let present = repo.static_deltas()?;
        Ok(self.listed.iter().any(|delta| !present.contains(delta)))
    }

    fn lists(&self, name: &DeltaName) -> bool {
        self.listed.iter().any(|(listed, _)| listed == name)
    }
}

/// Brings every delta's signatures up to those of its commit, or drops it.
pub(super) fn renew(repo: &Repo, listing: &Listing) -> Result<DeltaChanges, Error> {
    let mut changes = DeltaChanges::default();
    for (name, _) in repo.static_deltas()? {
        let bytes = match repo.delta_superblock(&name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            // Nor does any client fetch one that large.
            Err(RepoError::Io { source, .. }) if source.kind() == ErrorKind::FileTooLarge => {
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        // The form that is signed as a whole is none that a client pulls.
        if SignedSuperblock::is_signed(&bytes) {
            continue;
        }
        let Some(fresh) = refreshed(repo, &bytes)? else {
            continue;
        };
        if listing.lists(&name) && !listing.all_sign {
            repo.remove_delta(&name)?;
            changes.dropped.push(name.to_string());
        } else {
            repo.replace_superblock(&name, &fresh)?;
            changes.renewed.push(name.to_string());
        }
    }
    let indexed = repo.config().indexed_deltas();
    if changes.any() || indexed {
        repo.reindex_deltas()?;
    }
    Ok(changes)
}

/// Returns the superblock with the commit's detached metadata of today, if it has an older one.
fn refreshed(repo: &Repo, bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut superblock = Superblock::decode(bytes)?;
    let today = repo.commitmeta(&superblock.to())?;
    let carried = superblock.commitmeta()?.unwrap_or_default();
    let mut stale = false;
    for engine in [Metadata::GPGSIGS, Metadata::SIGN_ED25519] {
        let there = carried.signatures(engine)?;
        let mut signatures = today.signatures(engine)?.into_iter();
        stale |= signatures.any(|signature| !there.contains(&signature));
    }
    if !stale {
        return Ok(None);
    }
    let key = superblock.name().commitmeta_key();
    superblock.metadata.insert(key, today.to_value_hash_order());
    Ok(Some(superblock.encode()?))
}
