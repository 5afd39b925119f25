//! The members of a tar, with their extended headers applied.
//!
//! ```text
//! x  pax records for the next member      g  pax records for all that follow
//! L  long name of the next member         K  long link name of the next member
//! 0  file    1  hard link    2  link    5  directory    3 4 6  devices, fifos
//! ```

use std::io::{self, Read};
use std::path::PathBuf;

use tar::{EntryType, Header};

use super::pax::Records;

const BLOCK: u64 = 512;
/// The longest extended header: any number of attributes, each of at most 64 KiB.
const MAX_EXTENSION: u64 = 16 * 1024 * 1024;

/// One member: everything but its content.
#[derive(Debug)]
pub(super) struct Member {
    pub path: Vec<u8>,
    pub link: Vec<u8>,
    pub kind: EntryType,
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
    pub size: u64,
    pub records: Records,
}

impl Member {
    /// Returns the path for messages.
    pub fn shown(&self) -> PathBuf {
        String::from_utf8_lossy(&self.path).as_ref().into()
    }
}

/// Reads members one after the other.
pub(super) struct Members<R> {
    input: R,
    global: Records,
    /// What is left of the current member's content, and of the padding behind it.
    left: u64,
    padding: u64,
}

impl<R: Read> Members<R> {
    /// Begins at the first member.
    pub fn new(input: R) -> Members<R> {
        Members {
            input,
            global: Records::default(),
            left: 0,
            padding: 0,
        }
    }

    /// Returns the next member; what was not read of the current one is passed over.
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        let mut records = self.global.clone();
        let (mut long_name, mut long_link) = (None, None);
        loop {
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            match header.entry_type() {
                EntryType::XHeader => add(&mut records, &self.extension()?)?,
                EntryType::XGlobalHeader => {
                    let bytes = self.extension()?;
                    add(&mut self.global, &bytes)?;
                    add(&mut records, &bytes)?;
                }
                EntryType::GNULongName => long_name = Some(until_nul(self.extension()?)),
                EntryType::GNULongLink => long_link = Some(until_nul(self.extension()?)),
                _ => {
                    return self
                        .member(&header, records, long_name, long_link)
                        .map(Some);
                }
            }
        }
    }

    /// Puts a member together from its header and the extended ones before it.
    fn member(
        &mut self,
        header: &Header,
        records: Records,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> io::Result<Member> {
        let number = |key| match records.number(key) {
            Some(None) => Err(malformed("a number in an extended header is none")),
            Some(given) => Ok(given),
            None => Ok(None),
        };
        let id = |key, plain: u64| {
            let id = number(key)?.unwrap_or(plain);
            u32::try_from(id).map_err(|_| malformed("an owner is out of range"))
        };
        if let Some(size) = number("size")? {
            self.set_content(size);
        }
        let path = records.get("path").map(<[u8]>::to_vec).or(long_name);
        let link = records.get("linkpath").map(<[u8]>::to_vec).or(long_link);
        let plain_link = || header.link_name_bytes().unwrap_or_default().into_owned();
        Ok(Member {
            path: path.unwrap_or_else(|| header.path_bytes().into_owned()),
            link: link.unwrap_or_else(plain_link),
            kind: header.entry_type(),
            uid: id("uid", header.uid()?)?,
            gid: id("gid", header.gid()?)?,
            mode: header.mode()?,
            size: self.left,
            records,
        })
    }

    /// Reads one header; `None` at the end of the tar.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let behind = self.left + self.padding;
        let passed = io::copy(&mut (&mut self.input).take(behind), &mut io::sink())?;
        if passed < behind {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.left, self.padding) = (0, 0);
        let mut header = Header::new_old();
        let mut block = Vec::with_capacity(BLOCK as usize);
        (&mut self.input).take(BLOCK).read_to_end(&mut block)?;
        if block.is_empty() || block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let bytes = header.as_mut_bytes();
        if block.len() != bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.copy_from_slice(&block);
        check_sum(&header, &block)?;
        // Some old writers give links and directories the size of what they name.
        let size = match header.entry_type() {
            EntryType::Symlink | EntryType::Directory => 0,
            _ => header.entry_size()?,
        };
        self.set_content(size);
        Ok(Some(header))
    }

    fn set_content(&mut self, size: u64) {
        (self.left, self.padding) = (size, size.wrapping_neg() % BLOCK);
    }

    /// Reads the content of an extended header whole.
    fn extension(&mut self) -> io::Result<Vec<u8>> {
        if self.left > MAX_EXTENSION {
            return Err(malformed("an extended header is too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<R: Read> Read for Members<R> {
    /// Reads the current member's content.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut self.input).take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// The checksum of a header counts its own eight bytes as blanks.
fn check_sum(header: &Header, block: &[u8]) -> io::Result<()> {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let sum =
        |(at, byte): (usize, &u8)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte });
    let actual: u32 = block.iter().enumerate().map(sum).sum();
    match header.cksum()? == actual {
        true => Ok(()),
        false => Err(malformed("a header does not match its checksum")),
    }
}

fn add(records: &mut Records, bytes: &[u8]) -> io::Result<()> {
    let added = records.add(bytes);
    added.ok_or_else(|| malformed("an extended header is malformed"))
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    bytes
}

fn malformed(fault: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}
