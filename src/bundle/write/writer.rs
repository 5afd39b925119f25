//! The writer: members in their order, each digested on its way to the medium.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::directory::DirectoryForm;
use super::member::OpenMember;
use super::read_back::{Expected, read_back_directory, read_back_tar};
use super::tar::TarForm;
use super::{PartSpool, WriteError, ustar};
use crate::Observer;
use crate::bundle::{
    AttachmentName, CHUNK_SIZE, MANIFEST, MANIFEST_SIGNATURE, Manifest, Member, MemberName,
    TrustUpdate,
};

/// How a bundle lies on the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One tar file, cut into volumes of so many bytes where it is longer.
    Tar {
        /// The size of a volume.
        split: Option<u64>,
    },
    /// A directory of files.
    Directory,
}

/// Where a bundle is to stand, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name it has when it is complete.
    pub path: PathBuf,
    /// Its form.
    pub form: Form,
}

/// The room kept at the front of the tar form for what is known last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// For the manifest.
    pub manifest: u64,
    /// For its signatures.
    pub signatures: u64,
}

/// A bundle on its way to the medium; dropping it removes what was written.
pub struct BundleWriter {
    medium: Medium,
    reserve: Reserve,
    split: Option<u64>,
    trust: Vec<TrustUpdate>,
    members: Vec<Member>,
}

enum Medium {
    Tar(Box<TarForm>),
    Directory(Box<DirectoryForm>),
}

impl BundleWriter {
    /// Begins a bundle under an unfinished name beside its target.
    pub fn create(target: &Target, reserve: Reserve) -> Result<BundleWriter, WriteError> {
        let split = match target.form {
            Form::Tar { split } => split,
            Form::Directory => None,
        };
        check_volume(split, reserve.size())?;
        let medium = match target.form {
            Form::Tar { .. } => {
                Medium::Tar(Box::new(TarForm::create(&target.path, split, reserve)?))
            }
            Form::Directory => Medium::Directory(Box::new(DirectoryForm::create(&target.path)?)),
        };
        Ok(BundleWriter {
            medium,
            reserve,
            split,
            trust: Vec::new(),
            members: Vec::new(),
        })
    }

    /// Adds trust updates, their numbers without a gap; comes before everything else.
    pub fn trust(&mut self, updates: &[TrustUpdate]) -> Result<(), WriteError> {
        let members = || updates.iter().flat_map(TrustUpdate::members);
        let sizes = members().map(|(_, bytes)| ustar::entry_size(bytes.len() as u64));
        check_volume(self.split, self.reserve.size() + sizes.sum::<u64>())?;
        for (name, bytes) in members() {
            match &mut self.medium {
                Medium::Tar(tar) => tar.before(&name, bytes)?,
                Medium::Directory(directory) => directory.before(&name, bytes)?,
            }
        }
        self.trust = updates.to_vec();
        Ok(())
    }

    /// Adds the repository index and its signatures; comes before every release.
    pub fn summary(&mut self, summary: &[u8], signature: &[u8]) -> Result<(), WriteError> {
        self.plain(MemberName::SUMMARY, summary)?;
        self.plain(MemberName::SUMMARY_SIGNATURE, signature)
    }

    /// Adds the spine of a release; its parts and packs follow.
    pub fn superblock(&mut self, release: u32, bytes: &[u8]) -> Result<(), WriteError> {
        self.plain(MemberName::superblock(release), bytes)
    }

    /// Adds the parts of a release's spine.
    pub fn parts(&mut self, release: u32, parts: &mut PartSpool) -> Result<(), WriteError> {
        for (number, part) in (0..).zip(parts.rewind()?) {
            let mut member = self.begin(MemberName::part(release, number))?;
            member.write(self, &parts.read(part)?)?;
            member.end(self, Some(part.unpacked), None)?;
        }
        Ok(())
    }

    /// Adds a file that rides along; comes after every release, in the order of names.
    pub fn attachment(&mut self, name: AttachmentName, path: &Path) -> Result<(), WriteError> {
        let failed = || WriteError::io("read", path);
        let mut file = File::open(path).map_err(failed())?;
        let mut member = self.begin(MemberName::attachment(name))?;
        let mut chunk = Vec::new();
        loop {
            chunk.clear();
            let read = (&mut file).take(CHUNK_SIZE).read_to_end(&mut chunk);
            if read.map_err(failed())? == 0 {
                return member.end(self, None, None);
            }
            member.write(self, &chunk)?;
        }
    }

    /// Returns the members that stand so far, as the manifest lists them.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Encodes the manifest, padded to the room that was kept: these are the bytes to sign.
    pub fn manifest_bytes(&self, manifest: &Manifest) -> Result<Vec<u8>, WriteError> {
        let mut bytes = manifest.to_bytes().map_err(WriteError::Manifest)?;
        self.pad(MANIFEST, &mut bytes, self.reserve.manifest)?;
        Ok(bytes)
    }

    /// Adds manifest and signatures, and waits until everything is on the medium.
    pub fn seal(
        mut self,
        manifest: Vec<u8>,
        mut signatures: Vec<u8>,
    ) -> Result<SealedBundle, WriteError> {
        self.pad(MANIFEST_SIGNATURE, &mut signatures, self.reserve.signatures)?;
        match &mut self.medium {
            Medium::Tar(tar) => tar.seal(&manifest, &signatures)?,
            Medium::Directory(directory) => directory.seal(&manifest, &signatures)?,
        }
        Ok(SealedBundle {
            medium: self.medium,
            trust: self.trust,
            manifest,
            signatures,
            members: self.members,
        })
    }

    /// Fills the room at the front with newlines, which neither JSON nor armor minds.
    fn pad(&self, name: &'static str, bytes: &mut Vec<u8>, room: u64) -> Result<(), WriteError> {
        if let Medium::Directory(_) = self.medium {
            return Ok(());
        }
        let size = bytes.len() as u64;
        if size > room {
            return Err(WriteError::FrontTooLarge { name, size, room });
        }
        bytes.resize(room as usize, b'\n');
        Ok(())
    }

    fn plain(&mut self, name: MemberName, bytes: &[u8]) -> Result<(), WriteError> {
        let mut member = self.begin(name)?;
        member.write(self, bytes)?;
        member.end(self, None, None)
    }

    /// Begins a member.
    pub(super) fn begin(&mut self, name: MemberName) -> Result<OpenMember, WriteError> {
        self.begin_piece()?;
        Ok(OpenMember::new(name))
    }

    /// Begins a member, or the next piece of one.
    pub(super) fn begin_piece(&mut self) -> Result<(), WriteError> {
        match &mut self.medium {
            Medium::Tar(tar) => tar.begin(),
            Medium::Directory(directory) => directory.begin()?,
        }
        Ok(())
    }

    /// Adds bytes to what was begun.
    pub(super) fn write_piece(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        match &mut self.medium {
            Medium::Tar(tar) => tar.write(bytes),
            Medium::Directory(directory) => directory.write(bytes),
        }
    }

    /// Ends what was begun, and names it.
    pub(super) fn end_piece(&mut self, name: MemberName) -> Result<(), WriteError> {
        match &mut self.medium {
            Medium::Tar(tar) => tar.end(&name.to_string()),
            Medium::Directory(directory) => directory.end(&name.to_string()),
        }
    }

    /// Lists a member that stands.
    pub(super) fn list(&mut self, pieces: Vec<Member>) {
        self.members.extend(pieces);
    }
}

/// A bundle that is complete and on the medium, and has no name yet; dropping it removes it.
pub struct SealedBundle {
    medium: Medium,
    trust: Vec<TrustUpdate>,
    manifest: Vec<u8>,
    signatures: Vec<u8>,
    members: Vec<Member>,
}

impl SealedBundle {
    /// Reads everything again from the medium, and names a member that differs.
    pub fn read_back(&self, observer: &dyn Observer) -> Result<(), WriteError> {
        let trust = self.trust.iter().flat_map(TrustUpdate::members);
        let mut expected: Vec<_> = trust
            .map(|(name, bytes)| Expected::of_bytes(&name, bytes))
            .collect();
        expected.push(Expected::of_bytes(MANIFEST, &self.manifest));
        expected.push(Expected::of_bytes(MANIFEST_SIGNATURE, &self.signatures));
        expected.extend(self.members.iter().map(Expected::of_member));
        match &self.medium {
            Medium::Tar(tar) => read_back_tar(&tar.paths(), &expected, observer),
            Medium::Directory(directory) => {
                read_back_directory(&directory.path(), &expected, observer)
            }
        }
    }

    /// Returns how many bytes it takes.
    pub fn size(&self) -> u64 {
        let front = [self.manifest.len() as u64, self.signatures.len() as u64];
        let trust = self.trust.iter().flat_map(TrustUpdate::members);
        let sizes = trust
            .map(|(_, bytes)| bytes.len() as u64)
            .chain(front)
            .chain(self.members.iter().map(|member| member.size));
        match self.medium {
            Medium::Tar(_) => sizes.map(ustar::entry_size).sum::<u64>() + ustar::END.len() as u64,
            Medium::Directory(_) => sizes.sum(),
        }
    }

    /// Gives the bundle its name; returns its files.
    pub fn publish(self) -> Result<Vec<PathBuf>, WriteError> {
        match self.medium {
            Medium::Tar(tar) => tar.publish(),
            Medium::Directory(directory) => directory.publish(),
        }
    }
}

/// The front of the tar form lies in the first volume.
fn check_volume(split: Option<u64>, needed: u64) -> Result<(), WriteError> {
    match split.filter(|split| *split < needed) {
        Some(split) => Err(WriteError::VolumeTooSmall { split, needed }),
        None => Ok(()),
    }
}

impl Reserve {
    /// Returns the bytes that the front of the tar form takes.
    pub fn size(&self) -> u64 {
        ustar::entry_size(self.manifest) + ustar::entry_size(self.signatures)
    }
}
