//! A pack: a strict tar of file objects, sorted by checksum.
//!
//! ```text
//! objects/ab/cdef….filez   regular, in order, no name twice; zero padding; two zero blocks; nothing after
//! ```

use crate::bundle::MemberName;
use crate::format::Checksum;

use super::error::ReadError;
use super::fault::{PackFault, TarFault};
use super::unpack::Unpacked;
use super::ustar::{self, BLOCK, is_zero, padding};

/// Walks the entries of a pack.
pub(super) struct PackReader<'a> {
    stream: Unpacked<'a>,
    member: MemberName,
    before: Option<Checksum>,
    count: u64,
    expected: u64,
}

/// The head of an entry, whose `size` bytes are to be read next.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Checksum,
    pub(super) size: u64,
}

impl<'a> PackReader<'a> {
    pub(super) fn new(stream: Unpacked<'a>, member: MemberName, expected: u64) -> Self {
        PackReader {
            stream,
            member,
            before: None,
            count: 0,
            expected,
        }
    }

    /// Reads the next header, or makes sure that the pack ends here.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut block = [0; BLOCK];
        self.stream.fill(&mut block)?;
        let header = match ustar::decode(&block) {
            Ok(header) => header,
            Err(TarFault::EndsEarly) if self.count == self.expected => return self.trailer(),
            Err(TarFault::EndsEarly) => return Err(self.miscount()),
            Err(fault) => return Err(self.fault(PackFault::Tar(fault))),
        };
        let name = object_name(header.name);
        let name = name.ok_or_else(|| self.fault(PackFault::Name(header.name.to_owned())))?;
        if self.before.is_some_and(|before| before >= name) {
            return Err(self.fault(PackFault::Order(name)));
        }
        self.before = Some(name);
        self.count += 1;
        match self.count > self.expected {
            true => Err(self.miscount()),
            false => Ok(Some(Entry {
                name,
                size: header.size,
            })),
        }
    }

    /// Reads bytes of the entry.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.stream.fill(buffer)
    }

    /// Reads the padding after an entry of `size` bytes.
    pub(super) fn end_entry(&mut self, size: u64) -> Result<(), ReadError> {
        let mut pad = [0; BLOCK];
        let pad = pad.split_at_mut(padding(size) as usize).0;
        self.stream.fill(pad)?;
        match is_zero(pad) {
            true => Ok(()),
            false => Err(self.fault(PackFault::Tar(TarFault::Padding))),
        }
    }

    /// Makes sure that nothing follows the two zero blocks.
    pub(super) fn end(self) -> Result<(), ReadError> {
        self.stream.end()
    }

    fn trailer(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut block = [0; BLOCK];
        self.stream.fill(&mut block)?;
        match is_zero(&block) {
            true => Ok(None),
            false => Err(self.fault(PackFault::Tar(TarFault::NoEnd))),
        }
    }

    fn miscount(&self) -> ReadError {
        self.fault(PackFault::Count {
            expected: self.expected,
            actual: self.count,
        })
    }

    fn fault(&self, fault: PackFault) -> ReadError {
        ReadError::Pack {
            member: Box::new(self.member),
            at: self.stream.at(),
            fault,
        }
    }
}

/// Returns the checksum that a name like `objects/ab/cdef….filez` spells.
fn object_name(name: &str) -> Option<Checksum> {
    let (two, rest) = name
        .strip_prefix("objects/")?
        .strip_suffix(".filez")?
        .split_once('/')?;
    if two.len() != 2 || rest.len() != 62 {
        return None;
    }
    format!("{two}{rest}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let hex = "ab".repeat(32);
        let good = format!("objects/{}/{}.filez", &hex[..2], &hex[2..]);
        assert_eq!(object_name(&good), hex.parse().ok());
        for bad in [
            good.to_uppercase(),
            good.replace("objects/ab/", "objects/"),
            good.replace("objects", "Objects"),
            good.replace(".filez", ".file"),
            good.replace("ab.filez", "AB.filez"),
            format!("./{good}"),
            format!("objects/abab/{}.filez", &hex[4..]),
        ] {
            assert_eq!(object_name(&bad), None, "{bad}");
        }
    }
}
