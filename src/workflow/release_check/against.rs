//! What the manifest states of a release, compared with what its superblock holds.

use std::fmt::Display;

use crate::bundle::{Load, Manifest, Release, Role as Member};
use crate::format::delta::Superblock;
use crate::format::{Commit, Encoded, ObjectKind};
use crate::workflow::Finding;

/// What the members of a release carry, as the manifest lists them.
pub(super) struct Carries {
    /// The unpacked size of each part.
    parts: Vec<u64>,
    /// The number of objects in packs.
    packed: u64,
}

impl Carries {
    /// Adds up the members of a release.
    pub(super) fn of(manifest: &Manifest, release: usize) -> Self {
        let mut carries = Carries {
            parts: Vec::new(),
            packed: 0,
        };
        for member in &manifest.members {
            match member.name.role {
                Member::Payload { release: of, load } if of as usize == release => match load {
                    Load::Superblock => {}
                    Load::Part(_) => carries.parts.push(member.unpacked.unwrap_or(0)),
                    Load::Pack(_) => carries.packed += member.objects.unwrap_or(0),
                },
                _ => {}
            }
        }
        carries
    }
}

/// Compares what the manifest states of a release with what was found.
pub(super) struct Against<'f> {
    pub(super) findings: &'f mut Vec<Finding>,
    /// Of which release, as "of REF".
    pub(super) of: String,
}

impl Against<'_> {
    pub(super) fn delta(&mut self, stated: &Release, superblock: &Superblock) {
        let from = match stated.from.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        self.optional(
            "the superblock's from",
            from.as_ref(),
            superblock.from.as_ref(),
        );
        self.equal("the superblock's to", &stated.commit, &superblock.to());
        self.equal(
            "the number of fallback objects",
            &0,
            &superblock.fallbacks.len(),
        );
    }

    pub(super) fn commit(&mut self, stated: &Release, commit: &Encoded<Commit>) {
        self.optional(
            "the commit's parent",
            stated.parent.as_ref(),
            commit.parent.as_ref(),
        );
        self.equal(
            "the commit's timestamp",
            &stated.timestamp,
            &commit.timestamp,
        );
        self.optional(
            "the commit's version",
            stated.version.as_deref(),
            commit.version(),
        );
        let stated = stated.collection.as_ref().map(ToString::to_string);
        self.optional(
            "the commit's collection",
            stated.as_deref(),
            commit.collection_binding(),
        );
    }

    pub(super) fn counts(&mut self, stated: &Release, superblock: &Superblock, carries: &Carries) {
        let sizes: Vec<u64> = superblock.parts.iter().map(|part| part.size).collect();
        self.equal("the number of parts", &carries.parts.len(), &sizes.len());
        for (stated, found) in carries.parts.iter().zip(&sizes) {
            self.equal("the size of a part", stated, found);
        }
        let count = |kind| {
            let objects = superblock.parts.iter().flat_map(|part| &part.objects);
            objects.filter(|object| object.kind == kind).count() as u64
        };
        let files = carries.packed.saturating_add(count(ObjectKind::File));
        self.equal("the number of files", &stated.objects.file, &files);
        self.equal(
            "the number of trees",
            &stated.objects.dirtree,
            &count(ObjectKind::DirTree),
        );
        self.equal(
            "the number of dirmetas",
            &stated.objects.dirmeta,
            &count(ObjectKind::DirMeta),
        );
        // The superblock itself holds the commit of the release.
        let commits = count(ObjectKind::Commit).saturating_add(1);
        self.equal("the number of commits", &stated.objects.commit, &commits);
    }

    fn equal<T: PartialEq + Display + ?Sized>(&mut self, what: &str, stated: &T, found: &T) {
        self.optional(what, Some(stated), Some(found));
    }

    fn optional<T: PartialEq + Display + ?Sized>(
        &mut self,
        what: &str,
        stated: Option<&T>,
        found: Option<&T>,
    ) {
        if stated != found {
            let show = |value: Option<&T>| value.map_or("none".to_owned(), ToString::to_string);
            let what = format!("{what} {}", self.of);
            self.findings.push(Finding::Contradiction {
                what,
                stated: show(stated),
                found: show(found),
            });
        }
    }
}
