//! Making a static delta between two commits, its parts compressed as stock's are.
//!
//! ```text
//! tree of `to` less tree of `from` ─▸ patches, whole files ─▸ stored parts ─▸ xz, on some cores
//!     ─▸ deltas/…/0, 1, … ─▸ superblock ─▸ delta-indexes/
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use serde::Serialize;

use super::StaticDeltaError;
use crate::Observer;
use crate::delta::{
    CompileInput, CostModel, DeltaError, DeltaPart, PART_SIZE, SpineInput, compile,
};
use crate::format::Checksum;
use crate::format::delta::{DeltaName, Fallback, Superblock};
use crate::format::gvariant::{Value, View};
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::export::carry::{Carried, Carrier, held_by_all};
use crate::workflow::sidecar;

/// So many parts are compressed at a time, however many cores there are.
const AT_ONCE: usize = 2;
/// What compressing one takes besides it: what xz needs for searching.
const COMPRESSING: u64 = 100 << 20;

/// What delta to make, and where.
#[derive(Clone, Copy, Debug)]
pub struct GenerateOptions<'a> {
    /// The commit it begins at; none for a delta from nothing.
    pub from: Option<Checksum>,
    /// The commit it leads to.
    pub to: Checksum,
    /// Where it is written.
    pub place: Place<'a>,
    /// Whether the parts travel inside the superblock.
    pub inline: bool,
    /// When a file travels as a patch of an old one.
    pub costs: CostModel,
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// Where a delta is written.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// Into the repository, for its clients.
    Repository,
    /// As this file, parts beside it.
    File(&'a Path),
}

/// A delta that was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Generated {
    /// The commit it begins at.
    pub from: Option<Checksum>,
    /// The commit it leads to.
    pub to: Checksum,
    /// The superblock.
    pub superblock: PathBuf,
    /// How many bytes it takes, parts included.
    pub size: u64,
    /// How many parts there are.
    pub parts: usize,
    /// How many files are patches of old ones.
    pub patched: usize,
    /// How many files are too large for a part; clients fetch them loose.
    pub fallbacks: usize,
    /// Whether the summary has yet to be made anew for clients to find it.
    pub summary_stale: bool,
}

/// Makes a static delta.
pub fn generate(
    repo: &Repo,
    options: &GenerateOptions<'_>,
    observer: &dyn Observer,
) -> Result<Generated, Error> {
    let (_airlock, _) = repo.lock_for_writing()?;
    let _shared = repo.lock_shared()?;
    let (from, to) = (options.from, options.to);
    if from == Some(to) {
        return Err(StaticDeltaError::Same(to).into());
    }
    let name = DeltaName { from, to };
    let bases: Vec<_> = from.into_iter().collect();
    let held = held_by_all(repo, &bases).map_err(|(_, error)| *error)?;
    let carried = Carrier::new(repo, Some(PART_SIZE)).carry(&to, &held)?;
    if options.place.is_file() && !carried.packs.is_empty() {
        let count = carried.packs.len();
        return Err(StaticDeltaError::TooLarge { count }.into());
    }
    let output = Output {
        repo,
        name,
        options,
    };
    let made = make(repo, options, &carried, &output, observer)?;
    let size = made.finish(&output)?;
    let mut summary_stale = false;
    if !options.place.is_file() {
        repo.reindex_deltas()?;
        let listed = !repo.config().no_deltas_in_summary();
        summary_stale = listed && repo.summary()?.is_some();
    }
    Ok(Generated {
        from,
        to,
        superblock: output.path("superblock"),
        size,
        parts: made.parts,
        patched: made.patched,
        fallbacks: made.superblock.fallbacks.len(),
        summary_stale,
    })
}

impl Place<'_> {
    fn is_file(&self) -> bool {
        matches!(self, Place::File(_))
    }
}

/// Where files of the delta go.
struct Output<'a> {
    repo: &'a Repo,
    name: DeltaName,
    options: &'a GenerateOptions<'a>,
}

impl Output<'_> {
    fn path(&self, file: &str) -> PathBuf {
        match self.options.place {
            Place::Repository => self.repo.path().join(self.name.directory()).join(file),
            Place::File(path) if file == "superblock" => path.to_owned(),
            Place::File(path) => path.with_file_name(file),
        }
    }

    fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        match self.options.place {
            Place::Repository => Ok(self.repo.write_delta_file(&self.name, file, bytes)?),
            Place::File(_) => Ok(sidecar::replace(&self.path(file), bytes)?),
        }
    }
}

/// A part that is compressed.
struct Packed {
    number: usize,
    size: u64,
    checksum: Checksum,
    /// Its bytes, unless they are written already.
    inline: Option<Vec<u8>>,
}

/// A delta whose parts stand, and whose superblock does not yet.
struct Made {
    superblock: Superblock,
    parts: usize,
    patched: usize,
    size: u64,
}

impl Made {
    fn finish(&self, output: &Output<'_>) -> Result<u64, Error> {
        let superblock = self.superblock.encode()?;
        // Nothing is written that could not be read again.
        Superblock::decode(&superblock)?;
        output.write("superblock", &superblock)?;
        Ok(self.size + superblock.len() as u64)
    }
}

/// Makes the parts, compresses and writes them while the next ones are made.
fn make(
    repo: &Repo,
    options: &GenerateOptions<'_>,
    carried: &Carried,
    output: &Output<'_>,
    observer: &dyn Observer,
) -> Result<Made, Error> {
    let commit = repo.commit(&options.to)?;
    let commitmeta = repo.commitmeta(&options.to)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let input = CompileInput {
        spine: SpineInput {
            repo,
            commit: &commit,
            from: options.from,
            commitmeta: &commitmeta,
            metadata: &carried.metadata,
            files: &carried.files,
            timestamp: options.now,
        },
        sources: repo,
        pairs: &carried.pairs,
        costs: options.costs,
        threads: cores,
        part_memory: COMPRESSING,
    };
    if let Place::Repository = options.place {
        // A client must never find the parts of one and the superblock of another.
        if repo.delta_superblock(&output.name)?.is_some() {
            repo.remove_delta(&output.name)?;
        }
    }
    let (made, parts) = bounded::<(usize, DeltaPart)>(0);
    let packed = Mutex::new(Vec::new());
    let compiled = thread::scope(|scope| {
        let workers = cores.min(AT_ONCE);
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                let parts = parts.clone();
                scope.spawn(|| pack(parts, options.inline, output, &packed))
            })
            .collect();
        drop(parts);
        let mut number = 0;
        let mut take = |part: DeltaPart| {
            let sent = made.send((number, part));
            number += 1;
            // When nobody takes parts any more, the reason is returned below.
            sent.map_err(|_| DeltaError::Io(io::ErrorKind::BrokenPipe.into()))
        };
        let compiled = compile(&input, observer, &mut take);
        drop(made);
        for worker in workers {
            worker.join().expect("a part is packed without panicking")?;
        }
        Ok::<_, Error>(compiled?)
    })?;
    let declined = compiled.declined.iter();
    let declined = declined.filter_map(|index| carried.pairs.get(*index));
    let declined: Vec<_> = declined.map(|pair| (pair.new, pair.stored)).collect();
    if options.place.is_file() && !declined.is_empty() {
        let count = declined.len();
        return Err(StaticDeltaError::TooLarge { count }.into());
    }
    let packs = carried.packs.iter().map(|file| (file.name, file.size));
    let mut superblock = Superblock::decode(&compiled.superblock)?;
    for (checksum, stored) in declined.into_iter().chain(packs) {
        superblock.fallbacks.push(Fallback {
            checksum,
            stored,
            size: repo.file(&checksum)?.size,
        });
    }
    let packed = packed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let size = packed
        .iter()
        .map(|part| u64::from(part.inline.is_none()) * part.size)
        .sum();
    let parts = packed.len();
    list(&mut superblock, output, packed)?;
    Ok(Made {
        superblock,
        parts,
        patched: compiled.patched.len(),
        size,
    })
}

/// Lets the superblock name the parts as they are now.
fn list(
    superblock: &mut Superblock,
    output: &Output<'_>,
    packed: Vec<Packed>,
) -> Result<(), Error> {
    for part in packed {
        if let Some(header) = superblock.parts.get_mut(part.number) {
            header.size = part.size;
            header.checksum = part.checksum;
        }
        if let Some(bytes) = part.inline {
            let value = Value::from_view(View::parse("(yay)", &bytes)?);
            let key = output.name.part_path(part.number);
            superblock.metadata.insert(key, value);
        }
    }
    Ok(())
}

/// Compresses parts until there are no more.
fn pack(
    parts: Receiver<(usize, DeltaPart)>,
    inline: bool,
    output: &Output<'_>,
    packed: &Mutex<Vec<Packed>>,
) -> Result<(), Error> {
    for (number, part) in parts {
        let bytes = part.compress()?;
        let (size, checksum) = (bytes.len() as u64, Checksum::of(&bytes));
        let inline = match inline {
            true => Some(bytes),
            false => {
                output.write(&number.to_string(), &bytes)?;
                None
            }
        };
        let part = Packed {
            number,
            size,
            checksum,
            inline,
        };
        packed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
    }
    Ok(())
}
