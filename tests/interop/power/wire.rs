//! The kernel's side of FUSE, as bytes: `linux/fuse.h`, version 7.38, little-endian.
//!
//! ```text
//! request   len:u32 opcode:u32 unique:u64 node:u64 uid:u32 gid:u32 pid:u32 -:u32 | body
//! reply     len:u32 error:i32 unique:u64                                         | body
//! ```
//!
//! Only what a repository and a bundle need; everything else is refused as by a file system that
//! has no such thing.

use rustix::io::Errno;

use super::tree::{About, Body, Node};

/// What the kernel asks for.
pub struct Request<'a> {
    /// Which of the operations below.
    pub opcode: u32,
    /// What the reply names.
    pub unique: u64,
    /// The node it is about.
    pub node: u64,
    /// Its arguments.
    pub body: Args<'a>,
}

/// Arguments, taken one after the other.
pub struct Args<'a>(&'a [u8]);

/// The operations that are served.
pub mod op {
    pub const LOOKUP: u32 = 1;
    pub const FORGET: u32 = 2;
    pub const GETATTR: u32 = 3;
    pub const SETATTR: u32 = 4;
    pub const READLINK: u32 = 5;
    pub const SYMLINK: u32 = 6;
    pub const MKNOD: u32 = 8;
    pub const MKDIR: u32 = 9;
    pub const UNLINK: u32 = 10;
    pub const RMDIR: u32 = 11;
    pub const RENAME: u32 = 12;
    pub const LINK: u32 = 13;
    pub const OPEN: u32 = 14;
    pub const READ: u32 = 15;
    pub const WRITE: u32 = 16;
    pub const STATFS: u32 = 17;
    pub const RELEASE: u32 = 18;
    pub const FSYNC: u32 = 20;
    pub const SETXATTR: u32 = 21;
    pub const GETXATTR: u32 = 22;
    pub const LISTXATTR: u32 = 23;
    pub const REMOVEXATTR: u32 = 24;
    pub const FLUSH: u32 = 25;
    pub const INIT: u32 = 26;
    pub const OPENDIR: u32 = 27;
    pub const READDIR: u32 = 28;
    pub const RELEASEDIR: u32 = 29;
    pub const FSYNCDIR: u32 = 30;
    pub const CREATE: u32 = 35;
    pub const INTERRUPT: u32 = 36;
    pub const DESTROY: u32 = 38;
    pub const IOCTL: u32 = 39;
    pub const BATCH_FORGET: u32 = 42;
    pub const FALLOCATE: u32 = 43;
    pub const RENAME2: u32 = 45;
    pub const SYNCFS: u32 = 50;
    pub const TMPFILE: u32 = 51;
}

/// Which fields of SETATTR count.
pub mod fattr {
    pub const MODE: u32 = 1;
    pub const UID: u32 = 2;
    pub const GID: u32 = 4;
    pub const SIZE: u32 = 8;
    pub const MTIME: u32 = 32;
    pub const MTIME_NOW: u32 = 256;
}

/// The most bytes of one READ or WRITE.
pub const MAX_WRITE: u32 = 128 * 1024;
/// Opened files keep what the page cache has of them, as those of a disk do.
const KEEP_CACHE: u32 = 2;
const BIG_WRITES: u32 = 1 << 5;
const BLOCK: u64 = 4096;

impl<'a> Request<'a> {
    /// Takes a request apart.
    pub fn parse(bytes: &'a [u8]) -> Request<'a> {
        let mut head = Args(&bytes[4..40]);
        Request {
            opcode: head.u32(),
            unique: head.u64(),
            node: head.u64(),
            body: Args(&bytes[40..]),
        }
    }
}

impl<'a> Args<'a> {
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().unwrap())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes(8).try_into().unwrap())
    }

    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }

    pub fn skip(&mut self, count: usize) -> &mut Self {
        self.bytes(count);
        self
    }

    /// Takes a name, which a zero ends.
    pub fn name(&mut self) -> Result<String, Errno> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let name = String::from_utf8(self.bytes(end).to_vec());
        self.skip(1);
        name.map_err(|_| Errno::ILSEQ)
    }
}

/// A reply without its header.
#[derive(Default)]
pub struct Reply(pub Vec<u8>);

impl Reply {
    /// Puts the header in front.
    pub fn encode(answer: Result<Reply, Errno>, unique: u64) -> Vec<u8> {
        let (error, body) = match answer {
            Ok(reply) => (0, reply.0),
            Err(errno) => (-errno.raw_os_error(), Vec::new()),
        };
        let mut bytes = Vec::with_capacity(16 + body.len());
        bytes.extend((16 + body.len() as u32).to_le_bytes());
        bytes.extend(error.to_le_bytes());
        bytes.extend(unique.to_le_bytes());
        bytes.extend(body);
        bytes
    }

    fn u16(mut self, value: u16) -> Reply {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn u32(mut self, value: u32) -> Reply {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn u64(mut self, value: u64) -> Reply {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// The answer to INIT.
    pub fn init() -> Reply {
        let reply = Reply::default().u32(7).u32(38).u32(MAX_WRITE);
        let reply = reply.u32(BIG_WRITES).u16(12).u16(10).u32(MAX_WRITE).u32(1);
        (0..8).fold(reply, |reply, _| reply.u32(0))
    }

    /// A node and what is known of it; nothing is to be remembered.
    pub fn entry(number: u64, node: &Node) -> Reply {
        let reply = Reply::default().u64(number).u64(0).u64(0).u64(0);
        reply.u32(0).u32(0).about(number, node)
    }

    /// What is known of a node.
    pub fn attributes(number: u64, node: &Node) -> Reply {
        Reply::default().u64(0).u64(0).about(number, node)
    }

    fn about(self, number: u64, node: &Node) -> Reply {
        let About {
            mode,
            uid,
            gid,
            mtime,
        } = node.about;
        let size = node.size();
        let reply = self.u64(number).u64(size).u64(size.div_ceil(512));
        let reply = reply.u64(mtime.0).u64(mtime.0).u64(mtime.0);
        let reply = reply.u32(mtime.1).u32(mtime.1).u32(mtime.1);
        let reply = reply.u32(mode).u32(node.links).u32(uid).u32(gid);
        reply.u32(0).u32(BLOCK as u32).u32(0)
    }

    /// An opened file.
    pub fn opened(self, handle: u64) -> Reply {
        self.u64(handle).u32(KEEP_CACHE).u32(0)
    }

    /// How much room there is.
    pub fn room(free: u64) -> Reply {
        let (free, many) = (free / BLOCK, 1 << 30);
        let reply = Reply::default().u64(many).u64(free).u64(free);
        let reply = reply.u64(1 << 30).u64(1 << 30);
        let reply = reply.u32(BLOCK as u32).u32(255).u32(BLOCK as u32);
        (0..7).fold(reply, |reply, _| reply.u32(0))
    }

    /// The entries of a directory from `offset` on, as many as fit.
    pub fn listing(entries: &[(String, u64, u32)], offset: u64, room: u32) -> Reply {
        let mut reply = Reply::default();
        for (place, (name, number, mode)) in (1..).zip(entries).skip(offset as usize) {
            let padded = 24 + name.len().next_multiple_of(8);
            if reply.0.len() + padded > room as usize {
                break;
            }
            let end = reply.0.len() + padded;
            reply = reply.u64(*number).u64(place);
            reply = reply.u32(name.len() as u32).u32(mode >> 12);
            reply.0.extend(name.as_bytes());
            reply.0.resize(end, 0);
        }
        reply
    }
}

impl Node {
    /// Its size, as the kernel sees it.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::File(bytes) => bytes.len() as u64,
            Body::Link(target) => target.len() as u64,
            Body::Dir(_) => BLOCK,
        }
    }
}
