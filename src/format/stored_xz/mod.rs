//! A `.xz` stream that stores instead of compressing: the frame that stock readers want around a
//! delta part, at the speed of memory.
//!
//! ```text
//! offset  bytes
//!      0  fd 37 7a 58 5a 00 · 00 04 · crc32          stream header, check type CRC64
//!     12  02 00 21 01 08 00 00 00 · crc32            block header: one filter, LZMA2, 64 KiB dictionary
//!     24  01 ff ff · 65536 bytes                     first chunk: stored, resets the dictionary
//!         02 ff ff · 65536 bytes                     further chunks: stored
//!         02 nn nn · nnnn+1 bytes                    only the last one is shorter
//!         00                                         end of the chunks
//!         00 00 00                                   to a multiple of 4
//!         crc64                                      of the content
//!         00 01 · unpadded size · content size · 00… · crc32         index: one block
//!         crc32 · index size / 4 - 1 · 00 04 · 59 5a                 stream footer
//! ```
//!
//! A content has exactly one such stream, so [`decode`] accepts what [`encode`] writes and nothing
//! else. The check costs what a checksum costs; the bundle around it compresses and is signed.

mod writer;

pub use writer::StoredXzWriter;

use std::io::Write;
use std::ops::Range;

use crc::{CRC_32_ISO_HDLC, Crc};
use thiserror::Error;

/// Stream header: magic, flags (check type 4: CRC64), CRC32 of the flags.
const STREAM_HEADER: [u8; 12] = *b"\xfd7zXZ\0\x00\x04\xe6\xd6\xb4\x46";
/// Block header: 12 bytes, no sizes, one filter (LZMA2 with a 64 KiB dictionary), CRC32.
const BLOCK_HEADER: [u8; 12] = *b"\x02\x00\x21\x01\x08\x00\x00\x00\xd8\x0f\x23\x13";
/// The most an LZMA2 chunk can store.
const CHUNK: usize = 1 << 16;
/// Control byte of a stored chunk that resets the dictionary, as the first one must.
const STORED_FIRST: u8 = 0x01;
/// Control byte of any other stored chunk.
const STORED: u8 = 0x02;
/// Control byte that ends the chunks.
const END: u8 = 0x00;

static CRC32: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What is wrong with a stored `.xz` stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoredXzFault {
    /// It does not begin with the headers of this form; it may be a compressed `.xz` stream.
    #[error("the headers are not those of a stored stream")]
    Header,
    /// A chunk is compressed, or not where this form has it.
    #[error("a chunk is not a stored one")]
    Chunk,
    /// A chunk other than the last is not full.
    #[error("a chunk before the last is not full")]
    ShortChunk,
    /// The stream ends before its last chunk does.
    #[error("the stream is truncated")]
    Truncated,
    /// The content is longer than the caller allows.
    #[error("the content is over the limit")]
    OverLimit,
    /// Checksum, index or footer do not follow from the content.
    #[error("checksum, index or footer do not match the content")]
    Tail,
}

/// Returns whether `stream` begins as [`encode`] would begin it.
pub fn is_stored(stream: &[u8]) -> bool {
    stream.starts_with(&STREAM_HEADER)
        && stream.get(STREAM_HEADER.len()..).is_some_and(|rest| {
            rest.starts_with(&BLOCK_HEADER)
                && matches!(rest.get(BLOCK_HEADER.len()), Some(&(STORED_FIRST | END)))
        })
}

/// Wraps `content` into a stored `.xz` stream.
pub fn encode(content: &[u8]) -> Vec<u8> {
    let len = usize::try_from(encoded_len(content.len() as u64)).unwrap_or(0);
    let stream = StoredXzWriter::new(Vec::with_capacity(len)).and_then(|mut stream| {
        stream.write_all(content)?;
        stream.finish()
    });
    stream.expect("writing to memory never fails")
}

/// Returns the length of the stored `.xz` stream of a content of `content` bytes.
pub fn encoded_len(content: u64) -> u64 {
    let header = STREAM_HEADER.len() + BLOCK_HEADER.len();
    // The tail is as long whatever the check is.
    chunks_len(content) + (header + tail(content, 0).len()) as u64
}

/// Returns the length of the chunks of a content, each with its head.
fn chunks_len(content: u64) -> u64 {
    content + 3 * content.div_ceil(CHUNK as u64)
}

/// Unwraps a stored `.xz` stream whose content is at most `limit` bytes long.
pub fn decode(stream: &[u8], limit: usize) -> Result<Vec<u8>, StoredXzFault> {
    // What ends in something else may be a little longer; what is far too long is not even copied.
    if is_stored(stream) && stream.len() as u64 > encoded_len(limit.saturating_add(CHUNK) as u64) {
        return Err(StoredXzFault::OverLimit);
    }
    let mut content = stream.to_vec();
    decode_in_place(&mut content, limit)?;
    Ok(content)
}

/// Makes of a stream its content, as [`decode`] does, where it is.
pub fn decode_in_place(stream: &mut Vec<u8>, limit: usize) -> Result<(), StoredXzFault> {
    if !is_stored(stream) {
        return Err(StoredXzFault::Header);
    }
    let mut from = STREAM_HEADER.len() + BLOCK_HEADER.len();
    let mut len = 0;
    let mut control = STORED_FIRST;
    while stream.get(from) != Some(&END) {
        if len % CHUNK != 0 {
            return Err(StoredXzFault::ShortChunk);
        }
        let chunk = chunk(stream, from, control)?;
        if chunk.len() > limit - len {
            return Err(StoredXzFault::OverLimit);
        }
        from = chunk.end;
        let added = chunk.len();
        stream.copy_within(chunk, len);
        len += added;
        control = STORED;
    }
    let check = crc64(stream.get(..len).unwrap_or_default());
    if stream.get(from..) != Some(&tail(len as u64, check)) {
        return Err(StoredXzFault::Tail);
    }
    stream.truncate(len);
    Ok(())
}

/// Returns where the content of the chunk at `at` is, which has this control byte.
fn chunk(stream: &[u8], at: usize, control: u8) -> Result<Range<usize>, StoredXzFault> {
    let rest = stream.get(at..).unwrap_or_default();
    let [found, high, low] = rest.first_chunk().ok_or(StoredXzFault::Truncated)?;
    if *found != control {
        return Err(StoredXzFault::Chunk);
    }
    let start = at + 3;
    let end = start + usize::from(u16::from_be_bytes([*high, *low])) + 1;
    match end <= stream.len() {
        true => Ok(start..end),
        false => Err(StoredXzFault::Truncated),
    }
}

/// The check of the content: CRC-64/XZ.
fn crc64(content: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(content);
    digest.sum64()
}

/// Everything after the last chunk of a content of this length and check: end mark, padding,
/// check, index, footer.
fn tail(len: u64, check: u64) -> Vec<u8> {
    let mut out = vec![END];
    let packed = chunks_len(len) + 1;
    let padding = packed.next_multiple_of(4) - packed;
    out.resize(out.len() + padding as usize, 0);
    let check = check.to_le_bytes();
    out.extend_from_slice(&check);

    let unpadded = (BLOCK_HEADER.len() + check.len()) as u64 + packed;
    let mut index = vec![0, 1];
    push_varint(&mut index, unpadded);
    push_varint(&mut index, len);
    index.resize(index.len().next_multiple_of(4), 0);
    let sum = CRC32.checksum(&index);
    index.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&index);

    let backward = u32::try_from(index.len() / 4 - 1).expect("an index of one block is tiny");
    let [f0, f1] = [0, 4];
    let [b0, b1, b2, b3] = backward.to_le_bytes();
    let footer = [b0, b1, b2, b3, f0, f1];
    out.extend_from_slice(&CRC32.checksum(&footer).to_le_bytes());
    out.extend_from_slice(&footer);
    out.extend_from_slice(b"YZ");
    out
}

/// The variable-length integers of `.xz`: 7 bits a byte, least significant first.
fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn the_constant_headers_carry_their_own_crc() {
        let crc = |bytes: &[u8]| CRC32.checksum(bytes).to_le_bytes();
        assert_eq!(STREAM_HEADER[8..], crc(&STREAM_HEADER[6..8]));
        assert_eq!(BLOCK_HEADER[8..], crc(&BLOCK_HEADER[..8]));
    }

    #[test]
    fn a_short_content_is_laid_out_as_the_table_says() {
        let stream = encode(b"hello");
        assert_eq!(stream[24..32], *b"\x01\x00\x04hello");
        assert_eq!(stream[32..36], [0, 0, 0, 0], "end mark and padding");
        assert_eq!(stream[44..48], [0, 1, 29, 5], "index: one block");
        assert_eq!(stream[stream.len() - 2..], *b"YZ");
        assert_eq!(stream.len() as u64, encoded_len(5));
    }

    #[test]
    fn every_length_around_a_chunk_comes_back() {
        for len in [0, 1, 2, 3, 4, 65535, 65536, 65537, 131072, 200_000] {
            let content = sample(len);
            let stream = encode(&content);
            assert_eq!(stream.len() as u64, encoded_len(len as u64), "{len}");
            assert_eq!(decode(&stream, len), Ok(content), "{len}");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let good = encode(&sample(70_000));
        let with = |at: usize, byte: u8| {
            let mut bad = good.clone();
            bad[at] = byte;
            decode(&bad, 70_000)
        };
        let cut = |len: usize| decode(&good[..len], 70_000);
        let table = [
            ("magic altered", with(1, 0), StoredXzFault::Header),
            ("check type altered", with(7, 1), StoredXzFault::Header),
            ("dictionary altered", with(16, 9), StoredXzFault::Header),
            ("compressed chunk", with(24, 0xe0), StoredXzFault::Header),
            ("first chunk short", with(25, 0), StoredXzFault::ShortChunk),
            (
                "dictionary reset twice",
                with(65563, 1),
                StoredXzFault::Chunk,
            ),
            ("content altered", with(100, 255), StoredXzFault::Tail),
            (
                "footer altered",
                with(good.len() - 1, 0),
                StoredXzFault::Tail,
            ),
            ("empty", cut(0), StoredXzFault::Header),
            ("cut in a chunk", cut(1000), StoredXzFault::Truncated),
            ("cut before a chunk", cut(65563), StoredXzFault::Truncated),
            (
                "cut in the footer",
                cut(good.len() - 1),
                StoredXzFault::Tail,
            ),
            ("limit", decode(&good, 69_999), StoredXzFault::OverLimit),
        ];
        for (fault, got, want) in table {
            assert_eq!(got, Err(want), "{fault}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert_eq!(decode(&longer, 70_000), Err(StoredXzFault::Tail));
    }

    #[test]
    fn chunks_that_stay_short_are_not_this_form() {
        let mut stream = encode(b"");
        stream.truncate(24);
        stream.extend_from_slice(b"\x01\x00\x00a\x02\x00\x00b\x00");
        assert_eq!(decode(&stream, 9), Err(StoredXzFault::ShortChunk));
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(decode(&encode(&content), content.len()), Ok(content));
        }

        #[test]
        fn no_altered_byte_passes(len in 1usize..3000, at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut stream = encode(&sample(len));
            let at = at.index(stream.len());
            stream[at] ^= flip;
            prop_assert!(decode(&stream, len).is_err());
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut stream = encode(b"")[..24].to_vec();
            stream.extend_from_slice(&bytes);
            let _ = decode(&stream, 100);
        }
    }
}
