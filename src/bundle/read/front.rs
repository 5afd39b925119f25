//! The front of a tar form: trust updates, the manifest and its signatures, all that is read unsigned.

use std::ops::Range;

use crate::bundle::trust::TRUST_DIRECTORY;
use crate::bundle::{MANIFEST, MANIFEST_PREFIX, MANIFEST_SIGNATURE, MAX_MANIFEST, TrustUpdate};

use super::error::ReadError;
use super::fault::TarFault;
use super::layout::{Front, framed};
use super::trust;
use super::ustar::{self, BLOCK, is_zero};
use super::volumes::Volume;

/// The largest signature file, embedded or beside the bundle.
pub const MAX_SIGNATURES: u64 = 256 << 10;
/// How the JSON of any version of any signed document begins.
const BEGINNING: usize = b"{\"airlock\":".len();

/// The bytes of the first members.
#[derive(Debug)]
pub(super) struct FrontBytes {
    pub(super) trust: Vec<TrustUpdate>,
    before: u64,
    pub(super) manifest: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl FrontBytes {
    /// Reads the members up to the manifest's signatures, which must lie in this volume.
    pub(super) fn read(volume: &Volume) -> Result<Self, ReadError> {
        let (trust, before) = trust::of_tar(volume)?;
        let manifest = member(volume, before, MANIFEST, MAX_MANIFEST)?;
        intact(volume, MANIFEST, before + BLOCK as u64, &manifest)?;
        let at = before + framed(manifest.len() as u64);
        let signature = member(volume, at, MANIFEST_SIGNATURE, MAX_SIGNATURES)?;
        intact(volume, MANIFEST_SIGNATURE, at + BLOCK as u64, &signature)?;
        Ok(FrontBytes {
            trust,
            before,
            manifest,
            signature,
        })
    }

    pub(super) fn sizes(&self) -> Front {
        Front {
            before: self.before,
            manifest: self.manifest.len() as u64,
            signature: self.signature.len() as u64,
        }
    }
}

/// Returns whether a file begins as the first volume of a bundle does, of any version.
pub(super) fn begins_a_bundle(volume: &Volume) -> Result<bool, ReadError> {
    let mut start = [0; BLOCK + BEGINNING];
    if volume.size < start.len() as u64 {
        return Ok(false);
    }
    volume.read_at(&mut start, 0)?;
    let (header, content) = start.split_at(BLOCK);
    let names = [MANIFEST, TRUST_DIRECTORY];
    let named = names.iter().any(|name| header.starts_with(name.as_bytes()));
    Ok(named && MANIFEST_PREFIX.starts_with(content))
}

/// Makes sure that what lies there is text, or a packet of OpenPGP: a medium that lost it reads as
/// zeros, of which a signature would only say that it is bad.
pub(super) fn intact(
    volume: &Volume,
    name: &str,
    offset: u64,
    bytes: &[u8],
) -> Result<(), ReadError> {
    const PACKET: u8 = 0x80;
    if name != MANIFEST && bytes.first().is_some_and(|first| first & PACKET != 0) {
        return Ok(());
    }
    let text = std::str::from_utf8(bytes).map_or_else(|fault| fault.valid_up_to(), str::len);
    let nul = bytes.iter().position(|byte| *byte == 0);
    let start = nul.unwrap_or(text).min(text);
    match start == bytes.len() {
        true => Ok(()),
        false => Err(damaged(volume, name, offset, start..bytes.len())),
    }
}

fn damaged(volume: &Volume, name: &str, offset: u64, bytes: Range<usize>) -> ReadError {
    ReadError::Damaged {
        name: name.to_owned(),
        bytes: bytes.start as u64..bytes.end as u64,
        path: volume.path.clone(),
        offset: offset + bytes.start as u64,
    }
}

/// Reads a whole file of limited size.
pub(super) fn read_file(file: &Volume, limit: u64) -> Result<Vec<u8>, ReadError> {
    let name = file.path.display().to_string();
    let mut bytes = vec![0; limited(&name, file.size, limit)?];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Reads the member that must stand there, of limited size.
pub(super) fn member(
    volume: &Volume,
    at: u64,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let fault = |fault| ReadError::tar(name, fault);
    let room = volume.size.saturating_sub(at);
    if room < BLOCK as u64 {
        return Err(fault(TarFault::EndsEarly));
    }
    let mut block = [0; BLOCK];
    volume.read_at(&mut block, at)?;
    if is_zero(&block) {
        let header = format!("the header of {name}");
        return Err(damaged(volume, &header, at, 0..BLOCK));
    }
    let header = ustar::decode(&block).map_err(fault)?;
    if header.name != name {
        return Err(fault(TarFault::Stands(header.name.to_owned())));
    }
    let size = limited(name, header.size, limit)?;
    let padded = framed(header.size) - BLOCK as u64;
    if room < framed(header.size) {
        return Err(fault(TarFault::EndsEarly));
    }
    let mut bytes = vec![0; padded as usize];
    volume.read_at(&mut bytes, at + BLOCK as u64)?;
    match is_zero(bytes.get(size..).unwrap_or_default()) {
        true => bytes.truncate(size),
        false => return Err(fault(TarFault::Padding)),
    }
    Ok(bytes)
}

fn limited(name: &str, size: u64, limit: u64) -> Result<usize, ReadError> {
    match usize::try_from(size) {
        Ok(size) if size as u64 <= limit => Ok(size),
        _ => Err(ReadError::TooLarge {
            name: name.to_owned(),
            size,
            limit,
        }),
    }
}
