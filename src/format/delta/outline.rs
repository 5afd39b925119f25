//! A superblock and, where they are, the parts that travel inside it: they may be larger than memory.
//!
//! ```text
//! (a{sv} t ay ay (a{sv}aya(say)sstayay) ay a(uayttay) a(yaytt))
//!   │
//!   └ "deltas/MI/FI6s…-kWJG…/0" → (yay)    the file of part 0; stays where it is
//!     "deltas/MI/FI6s…-kWJG…/1" → (yay)
//!     anything else                        is read
//! ```
//!
//! libostree maps such a file into memory (`ostree_repo_static_delta_execute_offline`), and sets no
//! limit to it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::ops::Range;

use super::superblock::{PART, count, read_name};
use super::{MAX_SUPERBLOCK, SignedSuperblock, Superblock};
use crate::format::gvariant::{Far, FarWriter, ReadAt, Value, View};
use crate::format::limits::MAX_ENTRIES;
use crate::format::{FormatError, Metadata};

/// A superblock, and where its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperblockOutline {
    /// The superblock, without the parts that travel inside it.
    pub superblock: Superblock,
    /// For each part the bytes that are its file, if it travels inside.
    pub inline: Vec<Option<Range<u64>>>,
}

impl SuperblockOutline {
    /// Reads a superblock of `len` bytes in either form, but no part.
    ///
    /// # Errors
    ///
    /// What the source says, and a [`FormatError`] as [`io::ErrorKind::InvalidData`]: what is not
    /// in normal form, and more than [`MAX_SUPERBLOCK`] besides the parts.
    pub fn read(source: &dyn ReadAt, len: u64) -> io::Result<SuperblockOutline> {
        let place = unsigned(source, len)?;
        let mut room = MAX_SUPERBLOCK;
        let [metadata, rest @ ..] = Far::new(Superblock::TYPE, source, place)?.members::<8>()?;
        let rest: Vec<Value> = rest
            .iter()
            .map(|member| member.near(&mut room))
            .collect::<io::Result<_>>()?;
        let rest: [Value; 7] = rest.try_into().expect("there are as many as before");
        let rest = rest.each_ref().map(Value::view);
        let paths = part_paths(&rest)?;
        let (metadata, inline) = split(metadata, paths, &mut room)?;
        let superblock = Superblock::from_members(metadata, rest)?;
        Ok(SuperblockOutline { superblock, inline })
    }

    /// Writes the superblock with its parts inside, which are where they say in `source`.
    ///
    /// # Errors
    ///
    /// What either side says, and a [`FormatError`] if the metadata does not mark the byte order.
    pub fn write_to(&self, source: &dyn ReadAt, out: &mut dyn Write) -> io::Result<()> {
        let mut far = FarWriter::new(out);
        let mut whole = far.open()?;
        self.write_metadata(&mut far, source)?;
        far.mark_end(&mut whole);
        let rest = self.superblock.rest()?;
        for (index, member) in rest.iter().enumerate() {
            let signature = member.view().signature();
            far.pad(signature.alignment())?;
            far.push(member.bytes())?;
            if signature.fixed_size().is_none() && index + 1 < rest.len() {
                far.mark_end(&mut whole);
            }
        }
        far.close_tuple(whole)
    }

    /// Writes the metadata; parts come last, in their order.
    fn write_metadata(&self, far: &mut FarWriter<'_>, source: &dyn ReadAt) -> io::Result<()> {
        let mut metadata = far.open()?;
        for (key, value) in self.superblock.metadata.iter() {
            let entry = Value::dict_entry(Value::str(key), Value::variant(value));
            far.pad(8)?;
            far.push(entry.bytes())?;
            far.mark_end(&mut metadata);
        }
        let name = self.superblock.name();
        for (number, place) in self.inline.iter().enumerate() {
            let Some(place) = place.clone() else {
                continue;
            };
            let mut entry = far.open()?;
            far.push(Value::str(&name.part_path(number)).bytes())?;
            far.mark_end(&mut entry);
            far.pad(8)?;
            far.copy(&mut Pieces { source, place })?;
            far.push(&[0])?;
            far.push(PART.as_bytes())?;
            far.close_tuple(entry)?;
            far.mark_end(&mut metadata);
        }
        far.close_array(metadata)
    }
}

/// Returns where the unsigned form is.
fn unsigned(source: &dyn ReadAt, len: u64) -> io::Result<Range<u64>> {
    let mut magic = [0; 8];
    if len < magic.len() as u64 {
        return Ok(0..len);
    }
    source.read_exact_at(&mut magic, 0)?;
    if !SignedSuperblock::is_signed(&magic) {
        return Ok(0..len);
    }
    let [_, superblock, signatures] =
        Far::new(SignedSuperblock::TYPE, source, 0..len)?.members::<3>()?;
    Metadata::from_view(signatures.near(&mut { MAX_SUPERBLOCK })?.view())?;
    Ok(superblock.place())
}

/// Returns the keys of the parts, of which each may travel inside or not.
fn part_paths(rest: &[View<'_>; 7]) -> Result<Vec<String>, FormatError> {
    let [_, from, to, _, _, parts, _] = *rest;
    let name = read_name(from, to)?;
    let parts = 0..count(parts, "parts")?;
    Ok(parts.map(|part| name.part_path(part)).collect())
}

/// Reads what is in the metadata besides parts, and says where those are.
fn split(
    metadata: Far<'_>,
    paths: Vec<String>,
    room: &mut u64,
) -> io::Result<(Metadata, Vec<Option<Range<u64>>>)> {
    let mut inline = vec![None; paths.len()];
    let numbers = paths.into_iter().enumerate();
    let numbers: HashMap<String, usize> = numbers.map(|(number, path)| (path, number)).collect();
    let mut read = Vec::new();
    for entry in metadata.elements(MAX_ENTRIES)? {
        let [key, value] = entry.members()?;
        let key = key.near(room)?;
        let number = key.view().as_str().and_then(|key| numbers.get(key));
        let slot = number.and_then(|number| inline.get_mut(*number));
        match (slot, value.child(PART)?) {
            (Some(slot @ None), Some(part)) => *slot = Some(part.place()),
            _ => read.push(entry.near(room)?),
        }
    }
    let metadata = Metadata::from_view(Value::array("{sv}", read).view())?;
    let number = |key: &str| numbers.get(key).copied();
    let is_inside = |key: &str| {
        let slot = number(key).and_then(|number| inline.get(number));
        slot.is_some_and(Option::is_some)
    };
    let twice = metadata
        .iter()
        .map(|(key, _)| key)
        .find(|key| is_inside(key));
    match twice.map(str::to_owned) {
        None => Ok((metadata, inline)),
        Some(name) => {
            let what = "metadata";
            Err(FormatError::Duplicate { what, name }.into())
        }
    }
}

/// A part, read where it is.
struct Pieces<'a> {
    source: &'a dyn ReadAt,
    place: Range<u64>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = (self.place.end - self.place.start).min(buf.len() as u64);
        let piece = usize::try_from(left)
            .ok()
            .and_then(|left| buf.get_mut(..left));
        let piece = piece.unwrap_or_default();
        self.source.read_exact_at(piece, self.place.start)?;
        self.place.start += piece.len() as u64;
        Ok(piece.len())
    }
}
