//! Signature files: armored or binary, one packet or many, split into the exact bytes of each.
//!
//! ```text
//! old format  10tttt ll | length: ll = 0,1,2 → 1, 2, 4 bytes big-endian (3, indeterminate: refused)
//! new format  11tttttt  | length: < 192: 1 byte · < 224: 2 bytes · 255: 4 bytes (partial: refused)
//! ```

use std::io::{Read, Write};

use sequoia_openpgp::armor::{Kind, Reader, ReaderMode, Writer};

use super::error::OpenPgpError;

/// The largest signature file that is read: a bundle's `manifest.json.asc` or a sidecar.
pub const MAX_SIGNATURE_BYTES: usize = 256 * 1024;
/// The most signature packets one file may hold.
pub const MAX_SIGNATURE_PACKETS: usize = 64;

const TAG_SIGNATURE: u8 = 2;
const ARMOR_BEGIN: &[u8] = b"-----BEGIN PGP ";
const ARMOR_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const ARMOR_END: &[u8] = b"-----END PGP ";

/// Writes signature packets as one armored block; no signatures give no bytes.
pub fn armor_signatures(signatures: &[Vec<u8>]) -> Vec<u8> {
    if signatures.is_empty() {
        return Vec::new();
    }
    let write = || -> std::io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::new(), Kind::Signature)?;
        for signature in signatures {
            writer.write_all(signature)?;
        }
        writer.finalize()
    };
    write().expect("writing armor to memory cannot fail")
}

/// Splits an armored or binary signature file into its packets, byte for byte.
///
/// Only signature packets are taken; anything else, and text around armored blocks, is refused.
/// An empty or blank file holds no signatures.
pub fn split_signatures(bytes: &[u8]) -> Result<Vec<Vec<u8>>, OpenPgpError> {
    if bytes.len() > MAX_SIGNATURE_BYTES {
        return Err(over("the signature file", MAX_SIGNATURE_BYTES));
    }
    let mut packets = Vec::new();
    for block in dearmor(bytes, Kind::Signature)? {
        split_packets(&block, &mut packets)?;
    }
    Ok(packets)
}

fn split_packets(mut rest: &[u8], packets: &mut Vec<Vec<u8>>) -> Result<(), OpenPgpError> {
    while !rest.is_empty() {
        let (tag, header, body) = packet_header(rest).ok_or_else(not_a_signature)?;
        let end = header.checked_add(body).ok_or_else(not_a_signature)?;
        let packet = rest.get(..end).ok_or_else(not_a_signature)?;
        if tag != TAG_SIGNATURE {
            return Err(not_a_signature());
        }
        if packets.len() == MAX_SIGNATURE_PACKETS {
            return Err(over("the number of signatures", MAX_SIGNATURE_PACKETS));
        }
        packets.push(packet.to_vec());
        rest = &rest[end..];
    }
    Ok(())
}

/// Reads tag, header length and body length of the packet at the start of `bytes`.
fn packet_header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let first = *bytes.first()?;
    let number = |from: usize, to: usize| -> Option<usize> {
        let digits = bytes.get(from..to)?;
        Some(digits.iter().fold(0, |n, &b| n << 8 | usize::from(b)))
    };
    match first >> 6 {
        0b10 => {
            let width = [1, 2, 4].get(usize::from(first & 3)).copied()?;
            Some((first >> 2 & 0xf, 1 + width, number(1, 1 + width)?))
        }
        0b11 => {
            let (header, body) = match *bytes.get(1)? {
                short @ 0..192 => (2, usize::from(short)),
                192..224 => (3, number(1, 3)? - (192 << 8) + 192),
                255 => (6, number(2, 6)?),
                _ => return None,
            };
            Some((first & 0x3f, header, body))
        }
        _ => None,
    }
}

/// Returns the binary content of every armored block, or the bytes themselves when they are binary.
///
/// Text before, between and after the blocks is refused, blank lines apart.
pub(super) fn dearmor(bytes: &[u8], wanted: Kind) -> Result<Vec<Vec<u8>>, OpenPgpError> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(vec![bytes.to_vec()]);
    }
    let mut blocks = Vec::new();
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() {
        if !rest.starts_with(ARMOR_BEGIN) {
            return Err(malformed_armor(wanted));
        }
        let end = block_end(rest).ok_or_else(|| malformed_armor(wanted))?;
        let (block, after) = rest.split_at(end);
        blocks.push(read_block(block, wanted)?);
        rest = after.trim_ascii_start();
    }
    Ok(blocks)
}

/// Finds where the armored block at the start of `bytes` ends: after its END line.
fn block_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if line.starts_with(ARMOR_END) {
            return Some(at);
        }
    }
    None
}

fn read_block(block: &[u8], wanted: Kind) -> Result<Vec<u8>, OpenPgpError> {
    // A clear-signed text carries a signature too, but it is not the list that a client reads.
    if wanted == Kind::Signature && !block.starts_with(ARMOR_SIGNATURE) {
        return Err(malformed_armor(wanted));
    }
    let expected = describe(wanted);
    let mut reader = Reader::from_bytes(block, ReaderMode::Tolerant(None));
    let mut content = Vec::new();
    reader
        .read_to_end(&mut content)
        .map_err(OpenPgpError::malformed(expected))?;
    match reader.kind() {
        Some(kind) if kind == wanted => Ok(content),
        // What the packets are decides, not what the armor calls them: GnuPG armors
        // revocations as PUBLIC KEY BLOCK. The caller looks at the packets.
        Some(Kind::SecretKey | Kind::PublicKey | Kind::Signature) if wanted != Kind::Signature => {
            Ok(content)
        }
        _ => Err(malformed_armor(wanted)),
    }
}

fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Signature => "an OpenPGP signature",
        Kind::SecretKey => "an OpenPGP secret key",
        _ => "an OpenPGP certificate",
    }
}

fn malformed_armor(wanted: Kind) -> OpenPgpError {
    OpenPgpError::Malformed {
        expected: describe(wanted),
        source: None,
    }
}

fn not_a_signature() -> OpenPgpError {
    malformed_armor(Kind::Signature)
}

fn over(what: &'static str, limit: usize) -> OpenPgpError {
    OpenPgpError::OverLimit { what, limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = &[0x88, 3, 4, 0, 22];
    const TWO: &[u8] = &[0xc2, 2, 4, 0];

    #[test]
    fn armor_and_split_are_inverse() {
        let signatures = vec![ONE.to_vec(), TWO.to_vec()];
        let armored = armor_signatures(&signatures);
        assert!(armored.starts_with(b"-----BEGIN PGP SIGNATURE-----\n"));
        assert_eq!(split_signatures(&armored).unwrap(), signatures);
        assert_eq!(split_signatures(&[ONE, TWO].concat()).unwrap(), signatures);
        let padded = [&armored[..], b"\n\n\n", &armored_one(), b"\n"].concat();
        assert_eq!(split_signatures(&padded).unwrap().len(), 3);
        assert!(split_signatures(b" \n\n").unwrap().is_empty());
        assert!(armor_signatures(&[]).is_empty());
    }

    fn armored_one() -> Vec<u8> {
        armor_signatures(&[ONE.to_vec()])
    }

    #[test]
    fn refuses_what_is_not_only_signatures() {
        let armored = armored_one();
        let cases: &[(&str, Vec<u8>)] = &[
            ("literal packet", vec![0xcb, 1, 0]),
            ("truncated packet", ONE[..4].to_vec()),
            ("indeterminate length", vec![0x8b, 1]),
            ("partial length", vec![0xc2, 0xe1, 1, 2]),
            ("text before", [b"hello\n", &armored[..]].concat()),
            ("text after", [&armored[..], b"hello\n"].concat()),
            ("no end", armored[..armored.len() - 20].to_vec()),
            ("too many", ONE.repeat(MAX_SIGNATURE_PACKETS + 1)),
            ("too long", vec![b'\n'; MAX_SIGNATURE_BYTES + 1]),
        ];
        for (name, bytes) in cases {
            assert!(split_signatures(bytes).is_err(), "{name}");
        }
    }

    #[test]
    fn new_format_lengths() {
        for len in [0usize, 191, 192, 8383, 8384, 70000] {
            let mut packet = vec![0xc2];
            match len {
                0..192 => packet.push(len as u8),
                192..8384 => packet.extend(((len - 192 + (192 << 8)) as u16).to_be_bytes()),
                _ => {
                    packet.push(255);
                    packet.extend((len as u32).to_be_bytes());
                }
            }
            packet.resize(packet.len() + len, 0);
            assert_eq!(split_signatures(&packet).unwrap(), [packet], "{len}");
        }
    }
}
