//! A static delta in the making: its parts are packed while the next ones are made.
//!
//! ```text
//! patches, whole files ─▸ stored parts ─▸ packed, on some cores ─▸ superblock
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::bounded;

use super::StaticDeltaError;
use super::generate::{GenerateOptions, Place};
use super::pack::{Output, pack};
use super::spool::Spool;
use crate::Observer;
use crate::delta::{CompileInput, DeltaError, DeltaPart, SpineInput, compile};
use crate::format::delta::{Fallback, MAX_SUPERBLOCK, Superblock, SuperblockOutline};
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::export::carry::Carried;

/// So many parts are compressed at a time, however many cores there are.
const AT_ONCE: usize = 2;
/// What compressing one takes besides it: what xz needs for searching.
const COMPRESSING: u64 = 100 << 20;

/// How much of a superblock is written at a time.
const PIECE: usize = 1 << 20;

/// A delta whose parts stand, and whose superblock does not yet.
pub(super) struct Made {
    outline: SuperblockOutline,
    /// What travels inside the superblock.
    spool: Option<Spool>,
    pub(super) patched: usize,
}

impl Made {
    /// Returns the superblock for clients, who take only so large a one.
    pub(super) fn superblock(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)
            .map_err(|source| StaticDeltaError::Io {
                action: "make",
                path: self.outline.superblock.name().superblock_path().into(),
                source,
            })?;
        if bytes.len() as u64 > MAX_SUPERBLOCK {
            let limit = MAX_SUPERBLOCK;
            return Err(StaticDeltaError::TooMuchInline { limit }.into());
        }
        Superblock::decode(&bytes)?;
        Ok(bytes)
    }

    /// Writes the superblock to an empty file, and returns its size.
    pub(super) fn write_file(&self, file: &mut File) -> io::Result<u64> {
        let mut out = BufWriter::with_capacity(PIECE, &mut *file);
        self.write_to(&mut out)?;
        out.flush()?;
        drop(out);
        let size = file.metadata()?.len();
        // Nothing is written that could not be read again.
        SuperblockOutline::read(file, size)?;
        Ok(size)
    }

    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.spool {
            Some(spool) => self.outline.write_to(spool.file(), out),
            None => self.outline.write_to(&&[][..], out),
        }
    }

    /// Returns how many parts there are.
    pub(super) fn parts(&self) -> usize {
        self.outline.superblock.parts.len()
    }

    /// Returns the bytes of the parts that are files.
    pub(super) fn size_of_files(&self) -> u64 {
        let parts = self.outline.superblock.parts.iter();
        let files = parts
            .zip(&self.outline.inline)
            .filter(|(_, inline)| inline.is_none());
        files.map(|(part, _)| part.size).sum()
    }

    /// Returns how many files clients fetch loose.
    pub(super) fn fallbacks(&self) -> usize {
        self.outline.superblock.fallbacks.len()
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
    let spool = options.inline.then(|| output.spool(repo)).transpose()?;
    let (made, parts) = bounded::<(usize, DeltaPart)>(0);
    let packed = Mutex::new(Vec::new());
    let compiled = thread::scope(|scope| {
        let workers = cores.min(AT_ONCE);
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                let parts = parts.clone();
                scope.spawn(|| pack(parts, spool.as_ref(), output, &packed))
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
    let fallbacks = fallbacks(repo, options, carried, &compiled.declined)?;
    let mut superblock = compiled.superblock;
    superblock.fallbacks.extend(fallbacks);
    let mut packed = packed.into_inner().unwrap_or_else(PoisonError::into_inner);
    packed.sort_unstable_by_key(|part| part.number);
    let (headers, inline) = packed
        .into_iter()
        .map(|part| (part.header, part.inline))
        .unzip();
    superblock.parts = headers;
    Ok(Made {
        outline: SuperblockOutline { superblock, inline },
        spool,
        patched: compiled.patched.len(),
    })
}

/// Lists what clients fetch loose: nobody who has only a file could.
fn fallbacks(
    repo: &Repo,
    options: &GenerateOptions<'_>,
    carried: &Carried,
    declined: &[usize],
) -> Result<Vec<Fallback>, Error> {
    let declined = declined.iter();
    let declined = declined.filter_map(|index| carried.pairs.get(*index));
    let declined: Vec<_> = declined.map(|pair| (pair.new, pair.stored)).collect();
    if matches!(options.place, Place::File(_)) && !declined.is_empty() {
        let count = declined.len();
        return Err(StaticDeltaError::TooLarge { count }.into());
    }
    let packs = carried.packs.iter().map(|file| (file.name, file.size));
    let fallback = |(checksum, stored)| {
        Ok(Fallback {
            checksum,
            stored,
            size: repo.file(&checksum)?.size,
        })
    };
    declined.into_iter().chain(packs).map(fallback).collect()
}
