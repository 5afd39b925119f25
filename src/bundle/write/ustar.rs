//! The one tar header that airlock writes: a plain file that is nobody's, of no time.

use std::io;

/// Size of a header, and of the unit that files are padded to.
pub(super) const BLOCK: u64 = 512;
/// What ends an archive.
pub(super) const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];
/// The largest size that eleven octal digits express.
pub(super) const MAX_SIZE: u64 = (1 << 33) - 1;

/// Encodes the header of a file; fails when the name does not fit a header, or the size.
pub(super) fn header(name: &str, size: u64) -> io::Result<[u8; BLOCK as usize]> {
    if size > MAX_SIZE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    // Device numbers, and six digits for the checksum: as GNU tar writes them, so that its tar of
    // the same members is the same.
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    header.set_cksum();
    let sum = format!("{:06o}\0 ", header.cksum()?);
    header.as_old_mut().cksum.copy_from_slice(sum.as_bytes());
    Ok(*header.as_bytes())
}

/// Returns how many zero bytes follow `size` bytes of a file.
pub(super) fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK) - size
}

/// Returns how many bytes of tar a file of `size` bytes takes.
pub(super) fn entry_size(size: u64) -> u64 {
    BLOCK + size.saturating_add(padding(size))
}
