//! What a bundle's manifest says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::bundle::{Manifest, Release, RepositoryId, SiteName};
use crate::format::{Checksum, CollectionId, RefName};
use crate::workflow::InspectedRelease;

/// What is told in words; every other field is shown as it stands, so that nothing is signed unseen.
const TOLD: [&str; 11] = [
    "airlock",
    "repository",
    "site",
    "created",
    "expires",
    "origin",
    "sequence",
    "releases",
    "refs-after",
    "members",
    "extensions",
];
/// The same for a release.
const TOLD_OF_RELEASE: [&str; 9] = [
    "ref",
    "collection",
    "commit",
    "parent",
    "from",
    "version",
    "timestamp",
    "objects",
    "bytes",
];

/// What a bundle's manifest says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BundleStatement {
    /// The repository it comes from.
    pub repository: RepositoryId,
    /// The collection of that repository.
    pub collection: Option<CollectionId>,
    /// The site it is for.
    pub site: SiteName,
    /// What made it.
    pub tool: String,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it ends to be acceptable, in UNIX seconds.
    pub expires: Option<u64>,
    /// What it brings.
    pub releases: Vec<ReleaseStatement>,
    /// Every ref after import; those without a commit are deleted.
    pub refs_after: BTreeMap<RefName, Option<Checksum>>,
    /// How many members it has besides manifest and signatures.
    pub members: usize,
    /// How many bytes these are.
    pub bytes: u64,
    /// Everything else that it says.
    pub others: Map<String, Value>,
}

/// A release that a bundle brings.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseStatement {
    /// What is told of it in words.
    #[serde(flatten)]
    pub told: InspectedRelease,
    /// Everything else that the manifest says of it.
    pub others: Map<String, Value>,
}

impl BundleStatement {
    /// Takes a manifest and the same as plain fields.
    pub(super) fn of(manifest: Manifest, mut fields: Map<String, Value>) -> Self {
        let raw = match fields.remove("releases") {
            Some(Value::Array(releases)) => releases,
            _ => Vec::new(),
        };
        let raw = raw.into_iter().map(Some).chain(std::iter::repeat(None));
        let sequence = &manifest.sequence;
        let releases = manifest.releases.into_iter().zip(raw);
        // What a reader may ignore, a signer should see all the same.
        let ignorable = !manifest.extensions.is_empty();
        BundleStatement {
            repository: manifest.repository.id,
            collection: manifest.repository.collection,
            site: manifest.site,
            tool: manifest.origin.tool,
            created: manifest.created,
            expires: manifest.expires,
            releases: releases
                .map(|(release, raw)| ReleaseStatement::of(release, raw, sequence))
                .collect(),
            refs_after: manifest.refs_after,
            members: manifest.members.len(),
            bytes: manifest.members.iter().map(|member| member.size).sum(),
            others: rest(fields, |key| {
                TOLD.contains(&key) && !(ignorable && key == "extensions")
            }),
        }
    }
}

impl ReleaseStatement {
    fn of(release: Release, raw: Option<Value>, sequence: &BTreeMap<RefName, u64>) -> Self {
        let others = match raw {
            Some(Value::Object(fields)) => rest(fields, |key| TOLD_OF_RELEASE.contains(&key)),
            _ => Map::new(),
        };
        ReleaseStatement {
            told: InspectedRelease::of(release, sequence),
            others,
        }
    }
}

fn rest(fields: Map<String, Value>, told: impl Fn(&str) -> bool) -> Map<String, Value> {
    fields.into_iter().filter(|(key, _)| !told(key)).collect()
}
