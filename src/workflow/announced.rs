//! What a release may bring: as much content as its manifest announces, and no more.
//!
//! The space a site needs is reckoned from the manifest before anything is read, and a few kilobytes
//! can inflate to terabytes; so what is announced is held against it before it is inflated.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Error, Finding};
use crate::bundle::Manifest;
use crate::format::delta::Superblock;

/// How much content each release of a bundle has brought so far.
#[derive(Debug)]
pub struct Announced<'a> {
    manifest: &'a Manifest,
    brought: Vec<AtomicU64>,
}

impl<'a> Announced<'a> {
    /// Begins with nothing brought.
    pub fn new(manifest: &'a Manifest) -> Announced<'a> {
        let brought = manifest.releases.iter().map(|_| AtomicU64::new(0));
        Announced {
            manifest,
            brought: brought.collect(),
        }
    }

    /// Counts what the superblock of a release says that it and its parts bring.
    pub fn spine(&self, release: usize, superblock: &Superblock) -> Result<(), Error> {
        let commit = superblock.commit.bytes().len() as u64;
        let parts = superblock.parts.iter().map(|part| part.unpacked);
        self.bring(release, parts.fold(commit, u64::saturating_add))
    }

    /// Counts content of a release; refuses what is more than its manifest announces.
    pub fn bring(&self, release: usize, size: u64) -> Result<(), Error> {
        let at = (
            self.manifest.releases.get(release),
            self.brought.get(release),
        );
        let (Some(stated), Some(brought)) = at else {
            return Ok(());
        };
        let sum = |before: u64| Some(before.saturating_add(size));
        let before = brought.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        let found = before.unwrap_or(u64::MAX).saturating_add(size);
        let most = stated.bytes.content;
        match found <= most {
            true => Ok(()),
            false => Err(Error::refused(Finding::Contradiction {
                what: format!("the size of the content of {}", stated.name),
                stated: most.to_string(),
                found: format!("{found} or more"),
            })),
        }
    }
}
