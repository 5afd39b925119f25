//! `inspect`: what a bundle claims to hold. Nobody is believed here, and everything says so.

mod html;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Error, TrustVersion};
use crate::bundle::{
    Bundle, ByteTotals, Manifest, MemberName, ObjectTotals, ReadError, Release, RepositoryId,
    SiteName,
};
use crate::format::{Checksum, CollectionId, RefName};
use crate::openpgp::{Keyring, split_signatures};

pub use html::html;

/// What a bundle claims to hold. **None of it was verified.**
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectOutcome {
    /// Always false: `verify` is another verb.
    pub verified: bool,
    /// The bundle's id, the SHA-256 of its manifest.
    pub bundle: Checksum,
    /// The repository it claims to come from.
    pub repository: RepositoryId,
    /// The collection of that repository.
    pub collection: Option<CollectionId>,
    /// The site it claims to be for.
    pub site: SiteName,
    /// When it claims to be made, in UNIX seconds.
    pub created: u64,
    /// When it ends to be acceptable, in UNIX seconds.
    pub expires: Option<u64>,
    /// What claims to have made it.
    pub tool: String,
    /// The keys that its signatures name; `unreadable` for a file that holds something else.
    pub signers: Vec<String>,
    /// The versions of the trust that it carries.
    pub trust_updates: Vec<TrustVersion>,
    /// What it claims to bring.
    pub releases: Vec<InspectedRelease>,
    /// The refs as they would be after import; those without a commit would be deleted.
    pub refs_after: BTreeMap<RefName, Option<Checksum>>,
    /// Its members besides manifest and signatures.
    pub members: Vec<InspectedMember>,
    /// The sum of their sizes.
    pub bytes: u64,
}

/// A release that a bundle claims to bring.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedRelease {
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The commit.
    pub commit: Checksum,
    /// The commit's parent.
    pub parent: Option<Checksum>,
    /// The commits of which the target needs any one; none when it needs nothing.
    pub from: Vec<Checksum>,
    /// The commit's version.
    pub version: Option<String>,
    /// The commit's timestamp, in UNIX seconds.
    pub timestamp: u64,
    /// The sequence number of the ref.
    pub sequence: Option<u64>,
    /// How many objects travel.
    pub objects: ObjectTotals,
    /// How large they are.
    pub bytes: ByteTotals,
}

impl InspectedRelease {
    /// Takes a release of a manifest, and that manifest's sequence numbers.
    pub(super) fn of(release: Release, sequence: &BTreeMap<RefName, u64>) -> Self {
        InspectedRelease {
            sequence: sequence.get(&release.name).copied(),
            name: release.name,
            commit: release.commit,
            parent: release.parent,
            from: release.from,
            version: release.version,
            timestamp: release.timestamp,
            objects: release.objects,
            bytes: release.bytes,
        }
    }
}

/// A member of a bundle.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedMember {
    /// Its name.
    pub name: MemberName,
    /// Its size on the medium.
    pub size: u64,
    /// Its size after zstd.
    pub unpacked: Option<u64>,
    /// How many objects it holds.
    pub objects: Option<u64>,
    /// Its SHA-256, for `sha256sum -c`.
    pub sha256: Checksum,
}

/// Reads what a bundle claims; of its files only manifest and signatures are read.
pub fn inspect(paths: &[PathBuf]) -> Result<InspectOutcome, Error> {
    let bundle = Bundle::open(paths)?;
    let manifest = bundle.unverified_manifest().map_err(ReadError::Manifest)?;
    let mut signers = Vec::new();
    for file in bundle.signatures() {
        let Ok(signatures) = split_signatures(file) else {
            signers.push("unreadable".to_owned());
            continue;
        };
        // No certificate at all: every signature is rejected, and says whose it claims to be.
        let claims = Keyring::new().verify(bundle.manifest_bytes(), &signatures, manifest.created);
        signers.extend(
            claims
                .rejected
                .into_iter()
                .filter_map(|signature| signature.issuer),
        );
    }
    signers.sort();
    signers.dedup();
    let mut outcome = outcome(*bundle.id(), signers, manifest);
    outcome.trust_updates = bundle.trust_updates().iter().map(Into::into).collect();
    Ok(outcome)
}

fn outcome(bundle: Checksum, signers: Vec<String>, manifest: Manifest) -> InspectOutcome {
    let sequence = manifest.sequence;
    let members = manifest.members.into_iter().map(|member| InspectedMember {
        name: member.name,
        size: member.size,
        unpacked: member.unpacked,
        objects: member.objects,
        sha256: member.sha256,
    });
    let members: Vec<_> = members.collect();
    InspectOutcome {
        verified: false,
        bundle,
        repository: manifest.repository.id,
        collection: manifest.repository.collection,
        site: manifest.site,
        created: manifest.created,
        expires: manifest.expires,
        tool: manifest.origin.tool,
        signers,
        trust_updates: Vec::new(),
        releases: manifest
            .releases
            .into_iter()
            .map(|release| InspectedRelease::of(release, &sequence))
            .collect(),
        refs_after: manifest.refs_after,
        bytes: members.iter().map(|member| member.size).sum(),
        members,
    }
}
