//! Compiling and packing some of a release, only to see how large it comes out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::Error;
use super::super::compile::{level, nothing, raw, some_pairs, with_parts};
use super::Question;
use crate::bundle::{PackObject, PartSpool, RawPart, WriteError, weigh_packs};
use crate::delta::{Choice, CompileInput, DeltaPart, Effort, Pair, PartKind, SpineInput};
use crate::format::Checksum;
use crate::format::delta::PartHeader;
use crate::repo::Repo;

/// From this level on parts are compressed at the one below instead, and a piece at both.
const THOROUGH: i32 = 10;
/// Of files that are compared window by window, one of so many windows stands for the others.
const ONE_WINDOW_IN: u64 = 4;
/// How much of a part is compressed at both.
const PIECE: usize = 4 << 20;

/// What some of a release came out as.
pub(super) struct Measured {
    /// How each pair would travel, and why.
    pub(super) choices: Vec<Choice>,
    /// How many bytes the parts take.
    pub(super) bytes: u64,
    /// How many there are.
    pub(super) parts: u64,
    /// How many bytes the superblock takes.
    pub(super) superblock: u64,
}

/// Measures the trees and their permissions.
pub(super) fn metadata(question: &Question<'_>) -> Result<Measured, Error> {
    let spine = SpineInput {
        metadata: &question.release.carried.metadata,
        ..nothing(question.repo, question.release, question.options)
    };
    let pairs = some_pairs(question.repo, question.release, question.options, &[]);
    measure(question, &CompileInput { spine, ..pairs })
}

/// Measures files that go into parts whole.
pub(super) fn files(question: &Question<'_>, files: &[Checksum]) -> Result<Measured, Error> {
    let spine = SpineInput {
        files,
        ..nothing(question.repo, question.release, question.options)
    };
    let pairs = some_pairs(question.repo, question.release, question.options, &[]);
    measure(question, &CompileInput { spine, ..pairs })
}

/// Measures pairs.
pub(super) fn pairs(question: &Question<'_>, pairs: &[Pair]) -> Result<Measured, Error> {
    let Question {
        repo,
        options,
        release,
        ..
    } = *question;
    let all = some_pairs(repo, release, options, pairs);
    let input = CompileInput {
        one_window_in: ONE_WINDOW_IN,
        ..all
    };
    measure(question, &input)
}

/// Returns how many bytes objects take in packs.
pub(super) fn packs(repo: &Repo, objects: &[PackObject]) -> Result<u64, Error> {
    Ok(weigh_packs(repo, objects)?)
}

fn measure(question: &Question<'_>, input: &CompileInput<'_>) -> Result<Measured, Error> {
    let is_thorough = |kind| kind != PartKind::Dense && level(question.options, kind) >= THOROUGH;
    let quick = |kind| match level(question.options, kind) {
        level if level < THOROUGH => level,
        _ if is_thorough(kind) => Effort::Balanced.level(PartKind::Whole),
        _ => Effort::Balanced.level(kind),
    };
    let (seen, piece) = (Mutex::new(Vec::new()), Mutex::new(None));
    let (compiled, parts) = with_parts(input, question.observer, |parts| {
        let raw = parts.map(|part: DeltaPart| {
            let kind = part.kind();
            held(&seen).push(kind);
            if is_thorough(kind) {
                held(&piece).get_or_insert_with(|| (kind, part.beginning(PIECE)));
            }
            raw(quick(kind), part)
        });
        PartSpool::weigh(quick(PartKind::Whole), raw)
    })?;
    let piece = piece.into_inner().unwrap_or_else(PoisonError::into_inner);
    let gain = match piece {
        Some((kind, piece)) => gain(&piece, kind, quick(kind), level(question.options, kind))?,
        None => 1.0,
    };
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let of = |((size, _), kind): (&(u64, PartHeader), &PartKind)| {
        let gain = if is_thorough(*kind) { gain } else { 1.0 };
        *size as f64 * gain
    };
    let bytes: f64 = parts.iter().zip(&seen).map(of).sum();
    let mut superblock = compiled.superblock;
    superblock.parts = parts.into_iter().map(|(_, header)| header).collect();
    Ok(Measured {
        bytes: bytes as u64,
        parts: superblock.parts.len() as u64,
        superblock: superblock.encode()?.len() as u64,
        choices: compiled.choices,
    })
}

/// Returns how much smaller a piece becomes at another level.
fn gain(piece: &[u8], kind: PartKind, low: i32, high: i32) -> Result<f64, WriteError> {
    let at = |level| {
        let bytes = piece.to_vec();
        RawPart {
            level,
            is_patches: kind == PartKind::Patches,
            len: bytes.len() as u64,
            write: Box::new(move |out| out.write_all(&bytes)),
        }
    };
    let sizes = PartSpool::weigh(high, [at(low), at(high)].into_iter())?;
    Ok(match sizes[..] {
        [(low, ()), (high, ())] if low > 0 => high as f64 / low as f64,
        _ => 1.0,
    })
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
