//! The chain beside a trust directory: every version that led to it, as bundles carry them.
//!
//! ```text
//! trust/chain/
//! ├── 1.json, 1.json.asc
//! └── 2.json, 2.json.asc    the last one says what the directory holds
//! ```

use std::path::{Path, PathBuf};

use super::load::read;
use super::{StatementFault, Trust, TrustError, TrustStatement};
use crate::bundle::{MAX_TRUST_UPDATE, MAX_TRUST_UPDATES, TrustPoint, TrustUpdate};
use crate::openpgp::{Keyring, MAX_SIGNATURE_BYTES, split_signatures};
use crate::workflow::replace_file::make_file;
use crate::workflow::{Error, Subject};

/// The directory within the trust directory.
pub(super) const CHAIN: &str = "chain";
/// The most versions a directory may have behind it.
const MAX_VERSIONS: u64 = 4096;

/// Reads the chain of a trust directory; there need not be one.
pub(super) fn load(directory: &Path) -> Result<Vec<TrustUpdate>, TrustError> {
    let dir = directory.join(CHAIN);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut chain = Vec::new();
    // A chain may begin later than at 1, and has no gap.
    let path = |version: u64| dir.join(format!("{version}.json"));
    let first = (1..=MAX_VERSIONS).find(|&version| path(version).exists());
    let versions = first.into_iter().flat_map(|first| first..=MAX_VERSIONS);
    for version in versions.take_while(|&version| path(version).exists()) {
        chain.push(TrustUpdate {
            version,
            statement: read(&path(version), MAX_TRUST_UPDATE as usize)?,
            signatures: read(&signature_path(&dir, version), MAX_SIGNATURE_BYTES)?,
        });
    }
    Ok(chain)
}

/// Writes a chain beside a trust directory, each file in one step; returns the last two.
pub(super) fn store(directory: &Path, chain: &[TrustUpdate]) -> Result<[PathBuf; 2], TrustError> {
    let dir = directory.join(CHAIN);
    let mut last = [dir.clone(), dir.clone()];
    for update in chain {
        let statement = dir.join(format!("{}.json", update.version));
        let signatures = signature_path(&dir, update.version);
        // The signatures first: a statement that is there has a file beside it.
        for (path, bytes) in [
            (&signatures, &update.signatures),
            (&statement, &update.statement),
        ] {
            make_file(path, bytes).map_err(|source| TrustError::Write {
                path: path.clone(),
                source,
            })?;
        }
        last = [statement, signatures];
    }
    Ok(last)
}

fn signature_path(dir: &Path, version: u64) -> PathBuf {
    dir.join(format!("{version}.json.asc"))
}

impl Trust {
    /// Names the version in force, as a manifest does.
    pub fn point(&self) -> Option<TrustPoint> {
        let last = self.chain().last()?;
        Some(TrustPoint {
            version: last.version,
            sha256: last.digest(),
        })
    }

    /// Returns the updates that travel: the latest, as many as a bundle carries. Refuses a chain
    /// that no site would take: a link that does not hold, or a last version with too few signatures.
    pub fn travelling(&self, now: u64) -> Result<&[TrustUpdate], Error> {
        let chain = self.chain();
        let Some((last, earlier)) = chain.split_last() else {
            return Ok(chain);
        };
        for pair in chain.windows(2) {
            if let [before, after] = pair
                && statement(after)?.previous != Some(before.digest())
            {
                let source = StatementFault::Previous;
                let version = after.version;
                return Err(Error::TrustUpdate { version, source });
            }
        }
        match earlier.last() {
            Some(before) => {
                // Whether those before it are still good is for a site that does not know them.
                let mut trust = trust_of(before, &Keyring::new())?;
                trust.chain = earlier.to_vec();
                trust.follow(std::slice::from_ref(last), now)?;
            }
            None => own_threshold(last, now)?,
        }
        let skip = chain.len().saturating_sub(MAX_TRUST_UPDATES);
        Ok(chain.split_at(skip).1)
    }
}

/// Judges a version by what it says itself.
pub(super) fn own_threshold(update: &TrustUpdate, now: u64) -> Result<(), Error> {
    let version = update.version;
    let said = statement(update)?;
    let trust = trust_of(update, &Keyring::new())?;
    let signatures = split_signatures(&update.signatures)?;
    let verification = trust.verify(&update.statement, &signatures, now);
    let under = version;
    let claim = said.claim(Subject::TrustUpdate { version, under }, now);
    Error::refuse_any(trust.judge(&claim, &verification))
}

/// Reads a statement of a directory, which is believed because it was installed.
pub(super) fn statement(update: &TrustUpdate) -> Result<TrustStatement, Error> {
    let version = update.version;
    TrustStatement::parse(&update.statement)
        .map_err(|source| Error::TrustUpdate { version, source })
}

/// Returns the trust that a statement of a directory speaks of.
pub(super) fn trust_of(update: &TrustUpdate, before: &Keyring) -> Result<Trust, Error> {
    let version = update.version;
    statement(update)?
        .to_trust(before)
        .map_err(|source| Error::TrustUpdate { version, source })
}
