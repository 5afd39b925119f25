//! The tar form: one ustar archive whose front is written last.
//!
//! ```text
//! header trust/1.json ...   trust updates, if any
//! header manifest.json      room kept at the beginning, filled when everything else stands
//! header manifest.json.asc  the same
//! header member, bytes, zeros to 512
//! ...
//! two blocks of zeros
//! ```

use std::path::{Path, PathBuf};

use super::volumes::Volumes;
use super::{Reserve, WriteError, ustar};
use crate::bundle::{MANIFEST, MANIFEST_SIGNATURE};

/// A tar form on its way to the medium.
pub(super) struct TarForm {
    target: PathBuf,
    volumes: Volumes,
    reserve: Reserve,
    /// Where the manifest stands.
    front: u64,
    member: u64,
}

impl TarForm {
    /// Begins the archive, with room for the manifest and its signatures.
    pub(super) fn create(
        target: &Path,
        split: Option<u64>,
        reserve: Reserve,
    ) -> Result<TarForm, WriteError> {
        let mut volumes = Volumes::create(target, split)?;
        volumes.skip(ustar::entry_size(reserve.manifest) + ustar::entry_size(reserve.signatures));
        Ok(TarForm {
            target: target.to_owned(),
            volumes,
            reserve,
            front: 0,
            member: 0,
        })
    }

    /// Adds a file before the manifest; comes before every member.
    pub(super) fn before(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.put_front(self.front, name, bytes)?;
        let size = ustar::entry_size(bytes.len() as u64);
        // The room for the manifest moves on.
        self.front += size;
        self.volumes.skip(size);
        Ok(())
    }

    /// Begins a member, whose name and size come when it ends.
    pub(super) fn begin(&mut self) {
        self.member = self.volumes.length();
        self.volumes.skip(ustar::BLOCK);
    }

    /// Adds bytes to the member.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.volumes.append(bytes)
    }

    /// Ends the member.
    pub(super) fn end(&mut self, name: &str) -> Result<(), WriteError> {
        let size = self.volumes.length() - self.member - ustar::BLOCK;
        self.put_header(self.member, name, size)?;
        let zeros = &ustar::END[..ustar::padding(size) as usize];
        self.volumes.append(zeros)
    }

    /// Ends the archive, fills in its front, and waits until all of it is on the medium.
    pub(super) fn seal(&mut self, manifest: &[u8], signatures: &[u8]) -> Result<(), WriteError> {
        self.volumes.append(&ustar::END)?;
        self.put_front(self.front, MANIFEST, manifest)?;
        let second = self.front + ustar::entry_size(self.reserve.manifest);
        self.put_front(second, MANIFEST_SIGNATURE, signatures)?;
        self.volumes.sync()
    }

    /// Returns the unfinished files, in order.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.volumes.paths()
    }

    /// Gives the archive its name.
    pub(super) fn publish(self) -> Result<Vec<PathBuf>, WriteError> {
        self.volumes.publish()
    }

    fn put_front(&mut self, offset: u64, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let size = bytes.len() as u64;
        self.put_header(offset, name, size)?;
        self.volumes.put(offset + ustar::BLOCK, bytes)?;
        let zeros = &ustar::END[..ustar::padding(size) as usize];
        self.volumes.put(offset + ustar::BLOCK + size, zeros)
    }

    fn put_header(&mut self, offset: u64, name: &str, size: u64) -> Result<(), WriteError> {
        let header = ustar::header(name, size)
            .map_err(WriteError::io("describe a member of", &self.target))?;
        self.volumes.put(offset, &header)
    }
}
