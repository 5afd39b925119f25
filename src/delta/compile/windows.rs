//! A patch for files that are too large to be in memory: one window of the new file after the other.
//!
//! ```text
//! old ─ read once ─▸ index of its blocks       which range of it a window is compared with
//! new ─ read once ─▸ window ─ range ─▸ records ─ tried ─▸ packed
//!                    window ─ range ─▸ records ─ tried ─▸ packed
//! ```
//!
//! All of them are one stream: in front of a window's records stands one that makes nothing and
//! moves to its range.

use std::io::{self, Read};

use super::Job;
use super::job::{Tried, undo};
use super::large::open_old;
use crate::delta::copies::{BlockIndex, partner};
use crate::delta::diff::{Differ, Grain, seek};
use crate::delta::packer::Packer;
use crate::delta::part_writer::How;
use crate::delta::patch::Patch;
use crate::delta::room;
use crate::delta::rope::Rope;
use crate::delta::whole::check;
use crate::delta::{DeltaError, SourceFile};
use crate::format::{Hashed, ObjectKind, ObjectName};
use crate::repo::Repo;

/// How much of the new file is compared at a time.
const WINDOW: u64 = 4 << 20;
/// How much of the old file it is compared with at most.
const RANGE: u64 = 8 << 20;
/// What part of the new file its packed stream takes, about.
const PACKED: u64 = 12;

/// Returns the memory that making such a patch takes.
pub(super) fn memory(old: u64, new: u64) -> u64 {
    let range = old.min(RANGE);
    BlockIndex::memory(old) + Differ::memory(range, WINDOW, Grain::Coarse) + new / PACKED
}

/// How closely a file is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// One of so many windows is compared, and stands for the others.
    pub(super) one_in: u64,
    /// How closely that is compared with a range of the old file.
    pub(super) grain: Grain,
    /// A patch that is larger than this, packed, is not wanted.
    pub(super) most: u64,
}

/// Makes a patch window by window; nothing as soon as it is too large.
pub(super) fn make(
    (new_repo, old_repo): (&Repo, &Repo),
    job: &Job,
    differ: &mut Differ,
    packer: &mut Packer,
    look: Look,
) -> Result<Option<Tried>, DeltaError> {
    let (index, source) = open_old(new_repo, old_repo, job)?;
    let name = ObjectName::new(job.pair.new, ObjectKind::File);
    let file = new_repo.file(&job.pair.new)?;
    let mut hash = file.header.hasher();
    let mut content = Hashed::new(file.reader.take(job.new + 1), &mut hash);
    let mut windows = Made {
        source,
        old: Vec::new(),
        records: Vec::new(),
        position: 0,
        stream: Rope::default(),
        weight: 0,
    };
    // Of a file that has fewer, one is looked at for all that.
    let windows_of_new = job.new.div_ceil(WINDOW).max(1);
    let one_in = look.one_in.clamp(1, windows_of_new);
    let (mut new, mut start, mut looked_at) = (Vec::new(), 0, 0);
    room::clear_for(&mut new, WINDOW as usize + 1);
    room::clear_for(&mut windows.old, RANGE as usize);
    room::clear_for(&mut windows.records, (WINDOW + WINDOW / 8) as usize);
    loop {
        new.clear();
        let mut window = content.by_ref().take(WINDOW);
        if window
            .read_to_end(&mut new)
            .map_err(|e| DeltaError::at(name)(e.into()))?
            == 0
        {
            break;
        }
        if start / WINDOW % one_in == one_in / 2 {
            let range = partner(&index, job.old, RANGE, &new, (start, job.new));
            windows.read_old(range.start, range.end - range.start)?;
            let added = windows.add((range.start, look.grain), &new, differ, packer);
            added.map_err(DeltaError::at(name))?;
            looked_at += new.len() as u64;
        }
        start += new.len() as u64;
        if windows.weight > look.most {
            return Ok(None);
        }
    }
    check(name, hash.finish())?;
    let made = windows.weight;
    let all = u128::from(made) * u128::from(job.new) / u128::from(looked_at.max(1));
    Ok(Some(Tried {
        header: file.header,
        how: How::Patch(windows.stream),
        weight: u64::try_from(all).unwrap_or(u64::MAX),
        made,
    }))
}

/// The stream so far.
struct Made {
    source: SourceFile,
    /// The range of the old file for the window under way.
    old: Vec<u8>,
    records: Vec<u8>,
    /// Where the records so far leave the old file.
    position: i64,
    stream: Rope,
    /// What it takes packed.
    weight: u64,
}

impl Made {
    fn read_old(&mut self, start: u64, len: u64) -> io::Result<()> {
        self.old.resize(usize::try_from(len).unwrap_or(0), 0);
        self.source.read_exact_at(&mut self.old, start)
    }

    /// Adds the records that make `new` of the range, once they were tried.
    fn add(
        &mut self,
        (start, grain): (u64, Grain),
        new: &[u8],
        differ: &mut Differ,
        packer: &mut Packer,
    ) -> Result<(), DeltaError> {
        self.records.clear();
        seek(&mut self.records, start as i64 - self.position);
        differ.diff(&self.old, new, grain, &mut self.records);
        self.position = self.try_out(start, new)?;
        self.weight += self.stream.push_packed(&self.records, packer)?;
        Ok(())
    }

    /// Applies the records where they will stand; returns where they leave the old file.
    fn try_out(&mut self, start: u64, new: &[u8]) -> Result<i64, DeltaError> {
        let old = std::mem::take(&mut self.old);
        let old = SourceFile::range(start, old, self.source.len());
        let patch = Patch::resume(&self.records, new.len() as u64, self.position);
        let position = undo(patch, &old, new)?;
        self.old = old.into_memory();
        Ok(position)
    }
}
