//! What a bundle must survive being done to it: nothing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const BLOCK: u64 = 512;

/// Copies a bundle and flips one bit in the middle of its payload.
pub fn flip_a_bit(bundle: &Path, copy: &Path) -> io::Result<()> {
    let size = fs::copy(bundle, copy)?;
    let file = File::options().read(true).write(true).open(copy)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, size / 2)?;
    file.write_all_at(&[byte[0] ^ 1], size / 2)
}

/// Copies a bundle and blanks its signature; everything else stays as it was.
pub fn strip_signature(bundle: &Path, copy: &Path) -> io::Result<()> {
    fs::copy(bundle, copy)?;
    let file = File::options().read(true).write(true).open(copy)?;
    // The manifest comes first, its signature second (ustar: name at 0, size in octal at 124).
    let signature = BLOCK + member_size(&file, 0)?.next_multiple_of(BLOCK);
    let blank = vec![b'\n'; member_size(&file, signature)? as usize];
    file.write_all_at(&blank, signature + BLOCK)
}

fn member_size(file: &File, header: u64) -> io::Result<u64> {
    let mut octal = [0; 11];
    file.read_exact_at(&mut octal, header + 124)?;
    let text = str::from_utf8(&octal).map_err(io::Error::other)?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).map_err(io::Error::other)
}
