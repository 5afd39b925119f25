//! What the twin knows of a site: its refs, and the heads that were exported for it last.
//!
//! ```text
//! extensions/airlock/sites/NAME.json   {"refs":{"REF":"<64 hex>"},"bundle":"<id>","exported":1700000000}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, Exported};
use crate::bundle::SiteName;
use crate::format::{Checksum, RefName};
use crate::repo::{Repo, Transaction};

/// The refs of a site, as far as the twin knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteProfile {
    /// The heads that were exported last.
    pub refs: BTreeMap<RefName, Checksum>,
    /// The bundle that brought them.
    pub bundle: Checksum,
    /// When that was, in UNIX seconds.
    pub exported: u64,
}

impl SiteProfile {
    /// Reads the profile of a site, if anything was ever exported for it.
    pub fn load(repo: &Repo, site: &SiteName) -> Result<Option<SiteProfile>, Error> {
        let bytes = repo.read_extension(&file(site))?;
        let parse = |bytes: Vec<u8>| serde_json::from_slice(&bytes);
        let parsed = bytes.map(parse).transpose();
        parsed.map_err(|source| Error::Record {
            file: "sites/NAME.json",
            source,
        })
    }

    /// Reads the profiles of all sites.
    pub fn all(repo: &Repo) -> Result<Vec<SiteProfile>, Error> {
        let mut found = Vec::new();
        for file in repo.list_extension("sites")? {
            let site = file
                .strip_suffix(".json")
                .and_then(|name| name.parse().ok());
            if let Some(site) = site {
                found.extend(SiteProfile::load(repo, &site)?);
            }
        }
        Ok(found)
    }

    /// Describes a site that has taken in this bundle.
    pub(super) fn of(exported: &Exported, now: u64) -> SiteProfile {
        let there = exported.refs_after.iter();
        SiteProfile {
            refs: there
                .filter_map(|(name, head)| Some((name.clone(), (*head)?)))
                .collect(),
            bundle: exported.id,
            exported: now,
        }
    }

    /// Stages the profile.
    pub(super) fn stage(&self, tx: &Transaction<'_>, site: &SiteName) {
        let bytes = serde_json::to_vec(self).expect("a profile has only string keys");
        tx.write_state(&file(site), bytes, 0o644);
    }
}

fn file(site: &SiteName) -> String {
    format!("sites/{site}.json")
}
