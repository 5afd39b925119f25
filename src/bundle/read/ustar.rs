//! Strict ustar headers: of all that tar can say, a name and a size.
//!
//! ```text
//! off  len
//!   0  100  name, NUL padded                 156  1    type: '0' and nothing else
//! 100   24  mode, uid, gid: ignored          157  100  link name: empty
//! 124   12  size, octal                      257  8    "ustar" NUL "00"
//! 136   12  mtime: ignored                   265  80   owner names, device: ignored
//! 148    8  checksum, octal                  345  155  prefix: empty    500  12  zero
//! ```

use super::fault::TarFault;

/// Size of a header and of the unit that members are padded to.
pub(super) const BLOCK: usize = 512;

/// What a strict header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    pub(super) size: u64,
}

/// Decodes a header, refusing everything but a regular file under a plain name.
pub(super) fn decode(block: &[u8; BLOCK]) -> Result<Header<'_>, TarFault> {
    if block.iter().all(|&b| b == 0) {
        return Err(TarFault::EndsEarly);
    }
    if &block[257..265] != b"ustar\x0000" {
        return Err(TarFault::NotUstar);
    }
    if octal(&block[148..156]) != Some(checksum(block)) {
        return Err(TarFault::Checksum);
    }
    if block[156] != b'0' {
        return Err(TarFault::Type(block[156]));
    }
    if !is_zero(&block[157..257]) || !is_zero(&block[345..500]) || !is_zero(&block[500..]) {
        return Err(TarFault::Extension);
    }
    let name = name(&block[..100]).ok_or(TarFault::Name)?;
    let size = octal(&block[124..136]).ok_or(TarFault::Size)?;
    Ok(Header { name, size })
}

/// Returns the number of padding bytes that follow `size` bytes of content.
pub(super) fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

/// Returns whether every byte is zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| b == 0)
}

/// The sum of all header bytes, those of the checksum itself counted as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let counted = |(i, &b): (usize, &u8)| u64::from(if (148..156).contains(&i) { b' ' } else { b });
    block.iter().enumerate().map(counted).sum()
}

/// A NUL padded name of printable ASCII.
fn name(field: &[u8]) -> Option<&str> {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    let (name, rest) = field.split_at(end);
    let plain = !name.is_empty() && name.iter().all(u8::is_ascii_graphic) && is_zero(rest);
    std::str::from_utf8(name).ok().filter(|_| plain)
}

/// Octal digits, ended by NUL or space or the field's end; no base-256, no sign, no blank field.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field
        .iter()
        .take_while(|b| (b'0'..=b'7').contains(b))
        .count();
    let (digits, rest) = field.split_at(digits);
    if digits.is_empty() || !rest.iter().all(|&b| b == 0 || b == b' ') {
        return None;
    }
    Some(digits.iter().fold(0, |n, b| n << 3 | u64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(edit: impl FnOnce(&mut tar::Header)) -> [u8; BLOCK] {
        let mut header = tar::Header::new_ustar();
        header.set_path("payload/0/superblock").unwrap();
        header.set_size(1234);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        edit(&mut header);
        header.set_cksum();
        *header.as_bytes()
    }

    #[test]
    fn accepts_a_plain_member() {
        let block = header(|_| ());
        let expected = Header {
            name: "payload/0/superblock",
            size: 1234,
        };
        assert_eq!(decode(&block), Ok(expected));
    }

    #[test]
    fn refuses_everything_else() {
        type Edit = fn(&mut tar::Header);
        let table: &[(&str, Edit, TarFault)] = &[
            (
                "symlink",
                |h| h.set_entry_type(tar::EntryType::Symlink),
                TarFault::Type(b'2'),
            ),
            (
                "hard link",
                |h| h.set_entry_type(tar::EntryType::Link),
                TarFault::Type(b'1'),
            ),
            (
                "device",
                |h| h.set_entry_type(tar::EntryType::Block),
                TarFault::Type(b'4'),
            ),
            (
                "pax",
                |h| h.set_entry_type(tar::EntryType::XHeader),
                TarFault::Type(b'x'),
            ),
            (
                "sparse",
                |h| h.set_entry_type(tar::EntryType::GNUSparse),
                TarFault::Type(b'S'),
            ),
            ("old type", |h| h.as_mut_bytes()[156] = 0, TarFault::Type(0)),
            (
                "link name",
                |h| h.as_mut_bytes()[157] = b'x',
                TarFault::Extension,
            ),
            (
                "prefix",
                |h| h.as_mut_bytes()[345] = b'x',
                TarFault::Extension,
            ),
            ("tail", |h| h.as_mut_bytes()[511] = 1, TarFault::Extension),
            (
                "gnu magic",
                |h| h.as_mut_bytes()[262] = b' ',
                TarFault::NotUstar,
            ),
            (
                "base-256 size",
                |h| h.as_mut_bytes()[124] = 0x80,
                TarFault::Size,
            ),
            (
                "blank size",
                |h| h.as_mut_bytes()[124..136].fill(b' '),
                TarFault::Size,
            ),
            (
                "control in name",
                |h| h.as_mut_bytes()[3] = 7,
                TarFault::Name,
            ),
            (
                "bytes after name",
                |h| h.as_mut_bytes()[99] = b'x',
                TarFault::Name,
            ),
        ];
        for (what, edit, fault) in table {
            assert_eq!(decode(&header(edit)).as_ref(), Err(fault), "{what}");
        }
        let mut block = header(|_| ());
        block[100] ^= 1;
        assert_eq!(decode(&block), Err(TarFault::Checksum));
        assert_eq!(decode(&[0; BLOCK]), Err(TarFault::EndsEarly));
    }

    #[test]
    fn padding_fills_the_block() {
        assert_eq!([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
    }
}
