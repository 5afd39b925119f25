//! SHA-256: the name of every object.
//!
//! ```text
//! in text    64 lower-case hexadecimal digits      446a0ef11b7c…5488
//! in bytes   32 raw bytes, a GVariant `ay`
//! in paths   modified base64, 43 characters        RGoO8Rt8wWfztgPlhcfu7rZ1+qQS1exz9imI6wtsVIg
//!            (delta names only: `/` is written `_`, no padding)
//! ```

use std::{fmt, io, str::FromStr};

use base64::{Engine, alphabet::Alphabet, engine::GeneralPurpose, engine::GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Digest;

use super::FormatError;

/// The SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The number of bytes of a checksum.
    pub const LEN: usize = 32;

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Checksum {
        Checksum(bytes)
    }

    /// Takes a slice that must hold exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Checksum, FormatError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| FormatError::ChecksumLength(bytes.len()))?;
        Ok(Checksum(bytes))
    }

    /// Reads 64 lower-case hexadecimal digits; upper case is not a name OSTree writes.
    pub fn from_hex(text: &str) -> Result<Checksum, FormatError> {
        let wrong = || FormatError::ChecksumText(text.to_owned());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != Checksum::LEN || !rest.is_empty() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = hex_digit(high).ok_or_else(wrong)? << 4 | hex_digit(low).ok_or_else(wrong)?;
        }
        Ok(Checksum(bytes))
    }

    /// Hashes bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Checksum {
        let mut sha = Sha256::new();
        sha.update(bytes);
        sha.finish()
    }

    /// Returns the 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the modified base64 that names static deltas.
    pub fn to_base64(&self) -> String {
        base64_engine().encode(self.0)
    }

    /// Reads the modified base64 that names static deltas.
    pub fn from_base64(text: &str) -> Result<Checksum, FormatError> {
        let bytes = base64_engine()
            .decode(text)
            .map_err(|_| FormatError::ChecksumText(text.to_owned()))?;
        Checksum::from_slice(&bytes)
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn base64_engine() -> GeneralPurpose {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_";
    let alphabet = Alphabet::new(alphabet).expect("64 distinct printable characters");
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone);
    GeneralPurpose::new(&alphabet, config)
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.pad(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Checksum {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Checksum, FormatError> {
        Checksum::from_hex(text)
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checksum, D::Error> {
        let text = String::deserialize(deserializer)?;
        Checksum::from_hex(&text).map_err(D::Error::custom)
    }
}

/// The bytes of a block.
const BLOCK: usize = 64;
/// How many bytes two take in turns.
const PAIRED: usize = 2 * BLOCK;

/// A SHA-256 in the making.
#[derive(Clone, Debug, Default)]
pub struct Sha256 {
    sha: sha2::Sha256,
    /// How many bytes of a block wait for the rest of it.
    waiting: usize,
}

impl Sha256 {
    /// Begins with no bytes hashed.
    pub fn new() -> Sha256 {
        Sha256::default()
    }

    /// Hashes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.waiting = (self.waiting + bytes.len()) % BLOCK;
    }

    /// Hashes bytes, and others in another, which takes half of what one after the other does.
    ///
    /// Each step of a SHA-256 waits for the one before it; of two at a time, a processor does one
    /// while the other waits, if they are close enough for it to see both.
    pub fn update_pair(&mut self, bytes: &[u8], other: &mut Sha256, others: &[u8]) {
        let (bytes, others) = (self.complete(bytes), other.complete(others));
        let both = bytes.len().min(others.len());
        let (bytes, rest) = bytes.split_at(both);
        let (others, others_rest) = others.split_at(both);
        for (few, others) in bytes.chunks(PAIRED).zip(others.chunks(PAIRED)) {
            self.update(few);
            other.update(others);
        }
        self.update(rest);
        other.update(others_rest);
    }

    /// Hashes as many bytes as the block under way lacks, and returns the rest.
    fn complete<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let lacking = (BLOCK - self.waiting) % BLOCK;
        let (first, rest) = bytes.split_at(lacking.min(bytes.len()));
        self.update(first);
        rest
    }

    /// Ends, and returns the checksum of everything hashed.
    #[must_use]
    pub fn finish(self) -> Checksum {
        Checksum(self.sha.finalize().into())
    }
}

impl io::Write for Sha256 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader or writer that hashes what passes through it.
pub(crate) struct Hashed<'h, I> {
    inner: I,
    hash: &'h mut Sha256,
}

impl<'h, I> Hashed<'h, I> {
    pub(crate) fn new(inner: I, hash: &'h mut Sha256) -> Self {
        Hashed { inner, hash }
    }
}

impl<R: io::Read> io::Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<W: io::Write> io::Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_TREE: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

    #[test]
    fn hex_round_trip() {
        let checksum = Checksum::of(&[0]);
        assert_eq!(checksum.to_string(), EMPTY_TREE);
        assert_eq!(EMPTY_TREE.parse(), Ok(checksum));
    }

    #[test]
    fn what_passes_through_is_hashed() {
        let (mut read, mut written, mut copy) = (Sha256::new(), Sha256::new(), Vec::new());
        let mut reader = Hashed::new(b"some bytes".as_slice(), &mut read);
        io::copy(&mut reader, &mut Hashed::new(&mut copy, &mut written)).unwrap();
        assert_eq!(copy, b"some bytes");
        for hash in [read, written] {
            assert_eq!(hash.finish(), Checksum::of(&copy));
        }
    }

    #[test]
    fn two_at_a_time_are_as_one_each() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| number as u8).collect();
        for split in [0, 1, 63, 64, 127, 128, 129, 999, 1000] {
            let (mut one, mut two) = (Sha256::new(), Sha256::new());
            one.update(b"before");
            one.update_pair(&bytes[..split], &mut two, &bytes[..1000 - split]);
            two.update_pair(&bytes[1000 - split..], &mut one, &bytes[split..]);
            assert_eq!(two.finish(), Checksum::of(&bytes));
            assert_eq!(
                one.finish(),
                Checksum::of(&[b"before", &bytes[..]].concat())
            );
        }
    }

    #[test]
    fn text_that_is_no_checksum() {
        let upper = EMPTY_TREE.to_uppercase();
        let long = format!("{EMPTY_TREE}00");
        for text in [
            "",
            &EMPTY_TREE[1..],
            &long,
            &upper,
            &EMPTY_TREE.replace('6', "g"),
        ] {
            assert_eq!(
                Checksum::from_hex(text),
                Err(FormatError::ChecksumText(text.into()))
            );
        }
    }

    #[test]
    fn base64_writes_an_underscore_for_the_slash() {
        let checksum = Checksum::from_bytes([0xff; 32]);
        let text = checksum.to_base64();
        assert_eq!(text, "__________________________________________8");
        assert_eq!(Checksum::from_base64(&text), Ok(checksum));
        assert!(Checksum::from_base64(&text.replace('_', "/")).is_err());
        assert!(Checksum::from_base64("__________________________________________9").is_err());
    }

    #[test]
    fn wrong_lengths() {
        assert_eq!(
            Checksum::from_slice(&[0; 31]),
            Err(FormatError::ChecksumLength(31))
        );
        assert_eq!(
            Checksum::from_slice(&[]),
            Err(FormatError::ChecksumLength(0))
        );
    }
}
