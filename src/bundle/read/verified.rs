//! A bundle before and after its signatures were judged: two types, one way from one to the other.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::bundle::{AttachmentName, Manifest, ManifestFault, Member, Role, TrustUpdate};
use crate::format::Checksum;
use crate::{Observer, Stage};

use super::engine;
use super::error::ReadError;
use super::layout::chunk_range;
use super::medium::Medium;
use super::open::Opened;
use super::sink::{PayloadSink, StreamError};

/// A bundle that nobody has judged; only trust updates, manifest and signatures were read.
#[derive(Debug)]
pub struct Bundle {
    opened: Opened,
    id: Checksum,
}

impl Bundle {
    /// Opens a directory, a file, or volumes in any order; one volume finds its siblings.
    ///
    /// Signatures in `NAME.airlock.asc` beside it count as if they were inside.
    pub fn open(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let opened = Opened::open(paths)?;
        let id = Checksum::of(&opened.manifest);
        Ok(Bundle { opened, id })
    }

    /// Adds signatures from a file that lies elsewhere.
    pub fn add_signatures(&mut self, path: &Path) -> Result<(), ReadError> {
        self.opened.add_signatures(path)
    }

    /// Returns the bundle's id, the SHA-256 of its manifest's bytes.
    pub fn id(&self) -> &Checksum {
        &self.id
    }

    /// Returns the trust updates that stand before the manifest, their numbers without a gap; **nobody has judged them**.
    pub fn trust_updates(&self) -> &[TrustUpdate] {
        &self.opened.trust
    }

    /// Returns the bytes that are signed.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.opened.manifest
    }

    /// Returns the signature files, embedded and beside the bundle, as they are.
    pub fn signatures(&self) -> &[Vec<u8>] {
        &self.opened.signatures
    }

    /// Returns where signatures beside the bundle lie, or would lie: `NAME.airlock.asc`.
    pub fn sidecar(&self) -> Option<PathBuf> {
        self.opened.sidecar()
    }

    /// Reads the manifest although **nobody has vouched for it**; only to show what it claims.
    pub fn unverified_manifest(&self) -> Result<Manifest, ManifestFault> {
        Manifest::parse(&self.opened.manifest)
    }

    /// Lets `judge` decide over the manifest's exact bytes and the signature files. What it
    /// returns is handed back beside the bundle, of which every member was then found.
    pub fn verify_with<V, E: From<ReadError>>(
        self,
        judge: impl FnOnce(&[u8], &[Vec<u8>]) -> Result<V, E>,
    ) -> Result<(VerifiedBundle, V), E> {
        let Bundle { opened, id } = self;
        let verdict = judge(&opened.manifest, &opened.signatures)?;
        let manifest = Manifest::parse(&opened.manifest).map_err(ReadError::Manifest)?;
        let medium = Medium::find(opened.files, &manifest)?;
        let bundle = VerifiedBundle {
            id,
            bytes: opened.manifest,
            manifest,
            medium,
        };
        Ok((bundle, verdict))
    }
}

/// A bundle whose signatures the caller has found good; obtained through [`Bundle::verify_with`].
#[derive(Debug)]
pub struct VerifiedBundle {
    id: Checksum,
    bytes: Vec<u8>,
    manifest: Manifest,
    medium: Medium,
}

impl VerifiedBundle {
    /// Returns the bundle's id, the SHA-256 of its manifest's bytes.
    pub fn id(&self) -> &Checksum {
        &self.id
    }

    /// Returns what the bundle holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the bytes that were signed.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the files that the bundle consists of, volumes in their order.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.medium.paths()
    }

    /// Returns the files that ride along.
    pub fn attachments(&self) -> impl Iterator<Item = (AttachmentName, &Member)> {
        let named = |member: &Member| match member.name.role {
            Role::Attachment(name) => Some(name),
            _ => None,
        };
        let members = self.manifest.members.iter();
        members.filter_map(move |member| Some((named(member)?, member)))
    }

    /// Writes the content of a member that is not compressed, each chunk after it was checked.
    ///
    /// The second kind of error is that of `to`.
    pub fn extract(
        &self,
        member: &Member,
        to: &mut dyn Write,
    ) -> Result<io::Result<()>, ReadError> {
        let place = |other: &Member| other.name == member.name;
        let Some(index) = self.manifest.members.iter().position(place) else {
            return Err(ReadError::NotFound {
                path: member.name.to_string().into(),
            });
        };
        let open = self.medium.member(index, member)?;
        for (number, digest) in member.chunks.iter().enumerate() {
            let range = chunk_range(member, number);
            let mut bytes = vec![0; (range.end - range.start) as usize];
            open.read_at(&mut bytes, range.start)?;
            if Checksum::of(&bytes) != *digest {
                let place = open.place(member.name, range);
                return Err(ReadError::Chunk { place });
            }
            if let Err(error) = to.write_all(&bytes) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Reads every member once and hands its checked content to the sink, on all cores.
    pub fn stream<S: PayloadSink>(
        &self,
        stage: Stage,
        sink: &S,
        observer: &dyn Observer,
    ) -> Result<(), StreamError<S::Error>> {
        engine::stream(&self.medium, &self.manifest, stage, sink, observer)
    }
}
