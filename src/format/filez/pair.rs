//! The check of many objects that are in memory, two at a time.
//!
//! ```text
//! object ─▸ inflate a piece ─┐
//!                            ├▸ hash both, step by step
//! object ─▸ inflate a piece ─┘
//! ```
//!
//! A processor hashes two things in the time of one, as long as it can do so in turns. Whichever
//! object ends is followed by the next one, so that there are two until the last.

use super::FilezInfo;
use super::check::Opened;
use super::inflate::Inflater;
use crate::format::{FormatError, Sha256};

/// Checks objects, two at a time, without allocating for each; every worker has its own.
#[derive(Debug)]
pub struct PairChecker {
    tools: [Tools; 2],
    keep: Option<u64>,
}

/// What one of the two needs.
#[derive(Debug)]
struct Tools {
    inflater: Inflater,
    content: Vec<u8>,
}

/// An object that was checked.
#[derive(Debug)]
pub struct Checked<'a, K> {
    /// What the caller knows it by.
    pub key: K,
    /// What it holds, or what is wrong with it.
    pub info: Result<FilezInfo, FormatError>,
    /// Its content, if that was to be kept and it is in order.
    pub content: Option<&'a [u8]>,
}

impl PairChecker {
    /// Allocates what inflating needs; content of up to `keep` bytes is kept for the caller.
    pub fn keeping(keep: Option<u64>) -> PairChecker {
        let tools = || Tools {
            inflater: Inflater::new(),
            content: Vec::new(),
        };
        PairChecker {
            tools: [tools(), tools()],
            keep,
        }
    }

    /// Checks whole objects, and hands on each when it is done; **they may change places.**
    pub fn check_all<'f, K: Copy, E>(
        &mut self,
        mut objects: impl Iterator<Item = (K, &'f [u8])>,
        mut done: impl FnMut(Checked<'_, K>) -> Result<(), E>,
    ) -> Result<(), E> {
        let keep = self.keep;
        let [mut one, mut two] = self.tools.each_mut().map(|tools| Lane {
            tools,
            keep,
            running: None,
        });
        loop {
            one.fill(&mut objects, &mut done)?;
            two.fill(&mut objects, &mut done)?;
            match (one.running.is_some(), two.running.is_some()) {
                (true, true) => one.hash_with(&mut two),
                (true, false) => one.hash(),
                (false, true) => two.hash(),
                (false, false) => return Ok(()),
            }
        }
    }
}

/// One of the two, at work on one object after the other.
struct Lane<'t, 'f, K> {
    tools: &'t mut Tools,
    keep: Option<u64>,
    running: Option<Running<'f, K>>,
}

/// An object that is being checked.
struct Running<'f, K> {
    key: K,
    object: Opened<'f>,
    sha: Sha256,
}

impl<'f, K: Copy> Lane<'_, 'f, K> {
    /// Goes on, from one object to the next, until there is content to be hashed.
    fn fill<E>(
        &mut self,
        objects: &mut impl Iterator<Item = (K, &'f [u8])>,
        done: &mut impl FnMut(Checked<'_, K>) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let Some(mut running) = self.running.take() else {
                let Some((key, object)) = objects.next() else {
                    return Ok(());
                };
                self.tools.content.clear();
                match Running::begin(key, object) {
                    Ok(running) => self.running = Some(running),
                    Err(error) => done(failed(key, error))?,
                }
                continue;
            };
            if running.object.stream.is_passed() {
                let object = &mut running.object;
                match self.tools.inflater.more(&mut object.stream, object.deflate) {
                    Ok(true) => {}
                    Ok(false) => {
                        done(self.finish(running))?;
                        continue;
                    }
                    Err(error) => {
                        done(failed(running.key, error))?;
                        continue;
                    }
                }
                if self.keeps(&running) {
                    let piece = self.tools.inflater.piece(&running.object.stream);
                    self.tools.content.extend_from_slice(piece);
                }
            }
            self.running = Some(running);
            return Ok(());
        }
    }

    fn finish(&self, running: Running<'_, K>) -> Checked<'_, K> {
        let kept = self.keeps(&running);
        Checked {
            key: running.key,
            info: Ok(FilezInfo {
                header: running.object.header,
                size: running.object.size,
                checksum: running.sha.finish(),
            }),
            content: kept.then_some(&self.tools.content),
        }
    }

    fn keeps(&self, running: &Running<'_, K>) -> bool {
        self.keep.is_some_and(|keep| running.object.size <= keep)
    }

    /// Hashes all of the piece.
    fn hash(&mut self) {
        if let Some(running) = &mut self.running {
            let piece = self.tools.inflater.piece(&running.object.stream);
            running.sha.update(piece);
            running.object.stream.pass(piece.len());
        }
    }

    /// Hashes as much as both have.
    fn hash_with(&mut self, other: &mut Lane<'_, '_, K>) {
        let (Some(one), Some(two)) = (&mut self.running, &mut other.running) else {
            return;
        };
        let piece = self.tools.inflater.piece(&one.object.stream);
        let others = other.tools.inflater.piece(&two.object.stream);
        let both = piece.len().min(others.len());
        let (piece, others) = (piece.split_at(both).0, others.split_at(both).0);
        one.sha.update_pair(piece, &mut two.sha, others);
        one.object.stream.pass(both);
        two.object.stream.pass(both);
    }
}

impl<'f, K: Copy> Running<'f, K> {
    fn begin(key: K, object: &'f [u8]) -> Result<Self, FormatError> {
        let object = Opened::new(object)?;
        Ok(Running {
            key,
            sha: object.header.hasher(),
            object,
        })
    }
}

fn failed<K>(key: K, error: FormatError) -> Checked<'static, K> {
    Checked {
        key,
        info: Err(error),
        content: None,
    }
}
