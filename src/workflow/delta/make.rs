//! The parts of a static delta, compressed as stock's are while the next ones are made.
//!
//! ```text
//! patches, whole files ─▸ stored parts ─▸ xz, on some cores ─▸ 0, 1, … or inside the superblock
//! ```

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use crossbeam_channel::{Receiver, bounded};

use super::StaticDeltaError;
use super::generate::{GenerateOptions, Place};
use crate::Observer;
use crate::delta::{CompileInput, DeltaError, DeltaPart, SpineInput, compile};
use crate::format::delta::{Fallback, PartHeader, Superblock};
use crate::format::gvariant::{Value, View};
use crate::repo::{DeltaStage, Repo};
use crate::workflow::error::Error;
use crate::workflow::export::carry::Carried;
use crate::workflow::sidecar;

/// So many parts are compressed at a time, however many cores there are.
const AT_ONCE: usize = 2;
/// What compressing one takes besides it: what xz needs for searching.
const COMPRESSING: u64 = 100 << 20;

/// Where files of the delta go.
pub(super) enum Output<'a> {
    /// To a stage of the repository.
    Stage(DeltaStage<'a>),
    /// As this file, parts beside it.
    File(&'a Path),
}

impl Output<'_> {
    fn write_part(&self, number: usize, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Output::Stage(stage) => Ok(stage.write(&number.to_string(), bytes)?),
            Output::File(path) => {
                let part = path.with_file_name(number.to_string());
                Ok(sidecar::replace(&part, bytes)?)
            }
        }
    }
}

/// A part that is compressed.
struct Packed {
    number: usize,
    header: PartHeader,
    /// Its bytes, unless they are written already.
    inline: Option<Vec<u8>>,
}

/// A delta whose parts stand, and whose superblock does not yet.
pub(super) struct Made {
    superblock: Superblock,
    pub(super) parts: usize,
    pub(super) patched: usize,
    /// The bytes of the parts that are files.
    pub(super) size: u64,
}

impl Made {
    /// Returns the bytes of the superblock.
    pub(super) fn superblock(&self) -> Result<Vec<u8>, Error> {
        let superblock = self.superblock.encode()?;
        // Nothing is written that could not be read again.
        Superblock::decode(&superblock)?;
        Ok(superblock)
    }

    /// Returns how many files clients fetch loose.
    pub(super) fn fallbacks(&self) -> usize {
        self.superblock.fallbacks.len()
    }
}

/// Makes the parts, compresses and writes them while the next ones are made.
pub(super) fn make(
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
        one_window_in: 1,
    };
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
    if matches!(options.place, Place::File(_)) && !declined.is_empty() {
        let count = declined.len();
        return Err(StaticDeltaError::TooLarge { count }.into());
    }
    let packs = carried.packs.iter().map(|file| (file.name, file.size));
    let mut superblock = compiled.superblock;
    for (checksum, stored) in declined.into_iter().chain(packs) {
        superblock.fallbacks.push(Fallback {
            checksum,
            stored,
            size: repo.file(&checksum)?.size,
        });
    }
    let mut packed = packed.into_inner().unwrap_or_else(PoisonError::into_inner);
    packed.sort_unstable_by_key(|part| part.number);
    let files = packed.iter().filter(|part| part.inline.is_none());
    let size = files.map(|part| part.header.size).sum();
    let parts = packed.len();
    list(&mut superblock, packed)?;
    Ok(Made {
        superblock,
        parts,
        patched: compiled.patched.len(),
        size,
    })
}

/// Lets the superblock name the parts, which are in their order.
fn list(superblock: &mut Superblock, packed: Vec<Packed>) -> Result<(), Error> {
    let name = superblock.name();
    for part in packed {
        superblock.parts.push(part.header);
        if let Some(bytes) = part.inline {
            let value = Value::from_view(View::parse("(yay)", &bytes)?);
            let key = name.part_path(part.number);
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
        let (header, bytes) = part.compress()?;
        let inline = match inline {
            true => Some(bytes),
            false => {
                output.write_part(number, &bytes)?;
                None
            }
        };
        let part = Packed {
            number,
            header,
            inline,
        };
        packed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
    }
    Ok(())
}
