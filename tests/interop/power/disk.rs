//! The file system that is served: does what a process asks, and writes it down.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

use super::tree::{About, Body, Node, Op, ROOT, Tree, dir_mode, file_mode, link_mode};
use super::wire::{Args, Reply, Request, fattr, op};

const NOREPLACE: u32 = 1;

/// What a process sees, and all that was done to it.
pub struct Disk {
    pub tree: Tree,
    pub log: Vec<Op>,
    pub faults: Faults,
    /// How many requests about files there were.
    pub served: usize,
    listings: HashMap<u64, Vec<(String, u64, u32)>>,
    handles: u64,
}

/// How a medium misbehaves.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// How much room it says it has.
    pub claims: u64,
    /// How many bytes may be written before it is full.
    pub holds: u64,
    /// Bytes of a file from here on are taken and forgotten: they read as zeros.
    pub keeps: u64,
    /// Reading a file from here on fails.
    pub readable: u64,
    /// It is pulled out after so many requests.
    pub pulled: Option<usize>,
    /// What is said of one that is not there.
    pub gone: Errno,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults {
            claims: 1 << 40,
            holds: u64::MAX,
            keeps: u64::MAX,
            readable: u64::MAX,
            pulled: None,
            gone: Errno::IO,
        }
    }
}

type Answer = Result<Reply, Errno>;

impl Disk {
    /// A file system that holds these nodes.
    pub fn new(mut tree: Tree, faults: Faults) -> Disk {
        let names = tree.values().filter_map(Node::names);
        let named: Vec<u64> = names.flat_map(|names| names.values().copied()).collect();
        tree.values_mut().for_each(|node| node.links = 0);
        for number in named {
            tree.get_mut(&number).unwrap().links += 1;
        }
        Disk {
            tree,
            log: Vec::new(),
            faults,
            served: 0,
            listings: HashMap::new(),
            handles: 0,
        }
    }

    /// Answers a request; some want no answer.
    pub fn answer(&mut self, request: Request<'_>) -> Option<Answer> {
        if matches!(
            request.opcode,
            op::FORGET | op::BATCH_FORGET | op::INTERRUPT
        ) {
            return None;
        }
        Some(match self.is_pulled(request.opcode) {
            true => Err(self.faults.gone),
            false => self.serve(request),
        })
    }

    fn is_pulled(&mut self, opcode: u32) -> bool {
        let about_it = !matches!(
            opcode,
            op::INIT | op::DESTROY | op::RELEASE | op::RELEASEDIR
        );
        self.served += usize::from(about_it);
        match &mut self.faults.pulled {
            Some(0) => about_it,
            Some(left) => {
                *left -= usize::from(about_it);
                false
            }
            None => false,
        }
    }

    fn serve(&mut self, request: Request<'_>) -> Answer {
        let Request { node, mut body, .. } = request;
        let done = |()| Reply::default();
        match request.opcode {
            op::INIT => Ok(Reply::init()),
            op::LOOKUP => self.entry(node, &body.name()?),
            op::GETATTR => Ok(Reply::attributes(node, self.node(node)?)),
            op::SETATTR => self.set_attributes(node, &mut body),
            op::READLINK => match &self.node(node)?.body {
                Body::Link(target) => Ok(Reply(target.clone().into_bytes())),
                _ => Err(Errno::INVAL),
            },
            op::SYMLINK | op::MKNOD | op::MKDIR | op::CREATE | op::TMPFILE => {
                self.make(request.opcode, node, &mut body)
            }
            op::LINK => self.link(node, &mut body),
            op::UNLINK => self.remove(node, &body.name()?, false).map(done),
            op::RMDIR => self.remove(node, &body.name()?, true).map(done),
            op::RENAME | op::RENAME2 => {
                let target = body.u64();
                let flags = match request.opcode {
                    op::RENAME2 => body.u64() as u32,
                    _ => 0,
                };
                let (old, new) = (body.name()?, body.name()?);
                self.rename((node, old), (target, new), flags).map(done)
            }
            op::OPEN | op::OPENDIR => {
                self.handles += 1;
                Ok(Reply::default().opened(self.handles))
            }
            op::READ => self.read(node, &mut body),
            op::WRITE => self.write(node, &mut body),
            op::READDIR => self.list(node, &mut body),
            op::STATFS => Ok(Reply::room(self.faults.claims)),
            op::FSYNC | op::FSYNCDIR => {
                self.node(node)?;
                let data_only = body.skip(8).u32() & 1 == 1;
                self.log
                    .push(match data_only && request.opcode == op::FSYNC {
                        true => Op::SyncData(node),
                        false => Op::Sync(node),
                    });
                Ok(Reply::default())
            }
            op::SYNCFS => {
                self.log.push(Op::SyncAll);
                Ok(Reply::default())
            }
            op::FALLOCATE => self.allocate(node, &mut body),
            op::SETXATTR | op::GETXATTR | op::LISTXATTR | op::REMOVEXATTR => {
                self.xattr(request.opcode, node, &mut body)
            }
            op::RELEASE | op::RELEASEDIR | op::FLUSH | op::DESTROY => Ok(Reply::default()),
            op::IOCTL => Err(Errno::NOTTY),
            _ => Err(Errno::NOSYS),
        }
    }

    fn node(&self, number: u64) -> Result<&Node, Errno> {
        self.tree.get(&number).ok_or(Errno::STALE)
    }

    fn child(&self, dir: u64, name: &str) -> Result<u64, Errno> {
        let names = self.node(dir)?.names().ok_or(Errno::NOTDIR)?;
        names.get(name).copied().ok_or(Errno::NOENT)
    }

    fn entry(&self, dir: u64, name: &str) -> Answer {
        let number = self.child(dir, name)?;
        Ok(Reply::entry(number, self.node(number)?))
    }

    /// Does a step and writes it down.
    fn record(&mut self, op: Op) {
        if let Some(node) = op.node().and_then(|number| self.tree.get_mut(&number)) {
            node.apply(&op);
        }
        self.log.push(op);
    }

    fn set_name(&mut self, dir: u64, name: String, to: Option<u64>) {
        if let Ok(old) = self.child(dir, &name) {
            self.tree.get_mut(&old).unwrap().links -= 1;
        }
        if let Some(new) = to {
            self.tree.get_mut(&new).unwrap().links += 1;
        }
        self.record(Op::Name(dir, name, to));
    }

    fn make(&mut self, opcode: u32, dir: u64, body: &mut Args<'_>) -> Answer {
        let (mode, contents) = match opcode {
            op::SYMLINK => (link_mode(), Body::Link(String::new())),
            op::MKDIR => (dir_mode(body.u64() as u32), Body::Dir(Default::default())),
            op::MKNOD => {
                let mode = body.u32();
                body.skip(12);
                (file_mode(mode), Body::File(Vec::new()))
            }
            _ => {
                let mode = body.skip(4).u32();
                body.skip(8);
                (file_mode(mode), Body::File(Vec::new()))
            }
        };
        let name = body.name()?;
        let contents = match contents {
            Body::Link(_) => Body::Link(body.name()?),
            other => other,
        };
        if opcode != op::TMPFILE && self.child(dir, &name).is_ok() {
            return Err(Errno::EXIST);
        }
        let about = About {
            mode,
            uid: 0,
            gid: 0,
            mtime: now(),
        };
        let number = self
            .tree
            .last_key_value()
            .map_or(ROOT, |(last, _)| last + 1);
        self.tree.insert(number, Node::new(about, contents.clone()));
        self.log.push(Op::Make(number, about, contents));
        if opcode != op::TMPFILE {
            self.set_name(dir, name, Some(number));
        }
        let reply = Reply::entry(number, self.node(number)?);
        Ok(match opcode {
            op::CREATE | op::TMPFILE => reply.opened(0),
            _ => reply,
        })
    }

    fn link(&mut self, dir: u64, body: &mut Args<'_>) -> Answer {
        let number = body.u64();
        let name = body.name()?;
        if self.child(dir, &name).is_ok() {
            return Err(Errno::EXIST);
        }
        self.set_name(dir, name.clone(), Some(number));
        self.entry(dir, &name)
    }

    fn remove(&mut self, dir: u64, name: &str, is_dir: bool) -> Result<(), Errno> {
        match (self.node(self.child(dir, name)?)?.names(), is_dir) {
            (None, true) => return Err(Errno::NOTDIR),
            (Some(_), false) => return Err(Errno::ISDIR),
            (Some(names), true) if !names.is_empty() => return Err(Errno::NOTEMPTY),
            _ => {}
        }
        self.set_name(dir, name.to_owned(), None);
        Ok(())
    }

    fn rename(&mut self, old: (u64, String), new: (u64, String), flags: u32) -> Result<(), Errno> {
        let number = self.child(old.0, &old.1)?;
        if flags & !NOREPLACE != 0 {
            return Err(Errno::INVAL);
        }
        if let Ok(there) = self.child(new.0, &new.1) {
            match (self.node(number)?.names(), self.node(there)?.names()) {
                _ if flags == NOREPLACE => return Err(Errno::EXIST),
                _ if there == number => return Ok(()),
                (Some(_), None) => return Err(Errno::NOTDIR),
                (None, Some(_)) => return Err(Errno::ISDIR),
                (_, Some(names)) if !names.is_empty() => return Err(Errno::NOTEMPTY),
                _ => {}
            }
        }
        self.set_name(new.0, new.1, Some(number));
        self.set_name(old.0, old.1, None);
        Ok(())
    }

    fn set_attributes(&mut self, number: u64, body: &mut Args<'_>) -> Answer {
        let valid = body.u32();
        let size = body.skip(12).u64();
        let time = (body.skip(16).u64(), body.skip(12).u32());
        let mode = body.skip(4).u32();
        let (uid, gid) = (body.skip(4).u32(), body.u32());
        let node = self.node(number)?;
        let mut about = node.about;
        let is = |flag| valid & flag != 0;
        if is(fattr::SIZE) {
            self.spend(number, size)?;
            self.record(Op::Resize(number, size as usize));
        }
        if is(fattr::MODE) {
            about.mode = about.mode & !0o7777 | mode & 0o7777;
        }
        if is(fattr::UID) {
            about.uid = uid;
        }
        if is(fattr::GID) {
            about.gid = gid;
        }
        if is(fattr::MTIME_NOW) {
            about.mtime = now();
        } else if is(fattr::MTIME) {
            about.mtime = time;
        }
        if is(fattr::MODE | fattr::UID | fattr::GID | fattr::MTIME | fattr::MTIME_NOW) {
            self.record(Op::Dress(number, about));
        }
        Ok(Reply::attributes(number, self.node(number)?))
    }

    /// Makes sure that there is room for a file of this size.
    fn spend(&mut self, number: u64, size: u64) -> Result<(), Errno> {
        let more = size.saturating_sub(self.node(number)?.size());
        let left = self.faults.holds.checked_sub(more).ok_or(Errno::NOSPC)?;
        if self.faults.holds != u64::MAX {
            self.faults.holds = left;
        }
        Ok(())
    }

    fn read(&self, number: u64, body: &mut Args<'_>) -> Answer {
        let (offset, size) = (body.skip(8).u64(), body.u32());
        let Body::File(bytes) = &self.node(number)?.body else {
            return Err(Errno::ISDIR);
        };
        let end = (offset + u64::from(size)).min(bytes.len() as u64);
        let start = offset.min(end);
        if end > self.faults.readable && end > start {
            return Err(self.faults.gone);
        }
        let mut found = bytes[start as usize..end as usize].to_vec();
        let kept = self.faults.keeps.saturating_sub(start) as usize;
        if let Some(lost) = found.get_mut(kept..) {
            lost.fill(0);
        }
        Ok(Reply(found))
    }

    fn write(&mut self, number: u64, body: &mut Args<'_>) -> Answer {
        let (offset, size) = (body.skip(8).u64(), body.u32());
        let bytes = body.skip(20).bytes(size as usize);
        self.spend(number, offset + u64::from(size))?;
        self.record(Op::Write(number, offset as usize, bytes.to_vec()));
        self.tree.get_mut(&number).unwrap().about.mtime = now();
        Ok(Reply::default().u32(size).u32(0))
    }

    fn allocate(&mut self, number: u64, body: &mut Args<'_>) -> Answer {
        let end = body.skip(8).u64() + body.u64();
        if body.u32() != 0 {
            return Err(Errno::OPNOTSUPP);
        }
        if end > self.node(number)?.size() {
            self.spend(number, end)?;
            self.record(Op::Resize(number, end as usize));
        }
        Ok(Reply::default())
    }

    fn list(&mut self, number: u64, body: &mut Args<'_>) -> Answer {
        let (handle, offset, room) = (body.u64(), body.u64(), body.u32());
        if offset == 0 {
            // As it is now: who removes what is listed must not miss the rest.
            let names = self.node(number)?.names().ok_or(Errno::NOTDIR)?;
            let entry =
                |(name, node): (&String, &u64)| (name.clone(), *node, self.tree[node].about.mode);
            let entries = names.iter().map(entry).collect();
            self.listings.insert(handle, entries);
        }
        let entries = self.listings.get(&handle).ok_or(Errno::BADF)?;
        Ok(Reply::listing(entries, offset, room))
    }

    fn xattr(&mut self, opcode: u32, number: u64, body: &mut Args<'_>) -> Answer {
        let size = body.u32();
        body.skip(if opcode == op::REMOVEXATTR { 0 } else { 4 });
        let value = match opcode {
            op::LISTXATTR => {
                let names = self.node(number)?.xattrs.keys();
                names
                    .flat_map(|name| [name.as_bytes(), b"\0"].concat())
                    .collect()
            }
            op::GETXATTR => {
                let xattrs = &self.node(number)?.xattrs;
                xattrs.get(&body.name()?).ok_or(Errno::NODATA)?.clone()
            }
            op::SETXATTR => {
                let name = body.name()?;
                let value = body.bytes(size as usize).to_vec();
                self.record(Op::Xattr(number, name, Some(value)));
                return Ok(Reply::default());
            }
            _ => return Err(Errno::OPNOTSUPP),
        };
        match size as usize {
            0 => Ok(Reply::default().u32(value.len() as u32).u32(0)),
            room if room < value.len() => Err(Errno::RANGE),
            _ => Ok(Reply(value)),
        }
    }
}

fn now() -> (u64, u32) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_secs(), now.subsec_nanos())
}
