//! What a manifest must hold to beyond its spelling: order, sizes, and no contradiction.

use std::collections::BTreeSet;

use crate::bundle::{Load, MAX_ATTACHMENTS, MAX_PIECES, MemberName, Role};

use super::fault::{MemberFault, ReleaseFault};
use super::{CHUNK_SIZE, Manifest, ManifestFault, Member, Release};

/// The largest member; what is larger is cut into pieces of this size.
pub const MAX_MEMBER: u64 = 1 << 30;
/// The most releases one bundle carries.
pub const MAX_RELEASES: usize = 1024;
/// The most alternative bases one release names.
const MAX_BASES: usize = 64;
/// The largest summary.
pub const MAX_SUMMARY: u64 = 64 << 20;
/// The largest signature file of a summary.
pub const MAX_SUMMARY_SIGNATURE: u64 = 256 << 10;
/// The largest superblock, and all superblocks of a bundle together: they are kept until its end.
pub const MAX_SUPERBLOCK: u64 = 64 << 20;
/// The largest part of a spine, packed or unpacked.
pub const MAX_PART: u64 = 256 << 20;

impl Manifest {
    /// Checks the manifest against itself.
    pub(super) fn check(&self) -> Result<(), ManifestFault> {
        if self.expires.is_some_and(|expires| expires < self.created) {
            return Err(ManifestFault::Expiry);
        }
        if self.releases.is_empty() || self.releases.len() > MAX_RELEASES {
            return Err(ManifestFault::ReleaseCount {
                count: self.releases.len(),
            });
        }
        if let Some(name) = self
            .sequence
            .keys()
            .find(|name| !self.refs_after.contains_key(*name))
        {
            return Err(ManifestFault::Sequence { name: name.clone() });
        }
        let mut seen = BTreeSet::new();
        for release in &self.releases {
            let reason = match seen.insert(&release.name) {
                true => self.check_release(release),
                false => Err(ReleaseFault::Twice),
            };
            reason.map_err(|reason| ManifestFault::Release {
                name: release.name.clone(),
                reason,
            })?;
        }
        self.check_returns()?;
        self.check_rollback()?;
        self.check_members()
    }

    /// Checks that every permission to go back leads away from where a ref will be.
    fn check_returns(&self) -> Result<(), ManifestFault> {
        for (name, commits) in &self.may_return {
            let distinct: BTreeSet<_> = commits.iter().collect();
            let there = self.refs_after.get(name);
            let leads_back = match there {
                Some(Some(head)) => !distinct.contains(head),
                Some(None) => true,
                None => false,
            };
            let count = (1..=MAX_BASES).contains(&commits.len());
            if !leads_back || !count || distinct.len() != commits.len() {
                return Err(ManifestFault::MayReturn { name: name.clone() });
            }
        }
        Ok(())
    }

    /// A permission is for a release that travels with it, and leads away from an earlier number.
    fn check_rollback(&self) -> Result<(), ManifestFault> {
        let Some(rollback) = &self.rollback else {
            return Ok(());
        };
        let mut releases = self.releases.iter();
        let travels =
            releases.any(|release| release.name == rollback.name && release.commit == rollback.to);
        let number = self.sequence.get(&rollback.name);
        match travels && number.is_some_and(|number| rollback.from_sequence < *number) {
            true => Ok(()),
            false => Err(ManifestFault::Rollback {
                name: rollback.name.clone(),
            }),
        }
    }

    fn check_release(&self, release: &Release) -> Result<(), ReleaseFault> {
        if self.refs_after.get(&release.name) != Some(&Some(release.commit)) {
            return Err(ReleaseFault::RefsAfter);
        }
        if !self.sequence.contains_key(&release.name) {
            return Err(ReleaseFault::Sequence);
        }
        if release.from.len() > MAX_BASES {
            return Err(ReleaseFault::ManyBases);
        }
        let distinct: BTreeSet<_> = release.from.iter().collect();
        if distinct.len() != release.from.len() || distinct.contains(&release.commit) {
            return Err(ReleaseFault::From);
        }
        if release.collection.is_some() && release.collection != self.repository.collection {
            return Err(ReleaseFault::Collection);
        }
        Ok(())
    }

    /// Walks the members in the only order they may have.
    fn check_members(&self) -> Result<(), ManifestFault> {
        let mut before: Option<&Member> = None;
        for member in &self.members {
            member.check().map_err(|reason| ManifestFault::Member {
                name: member.name,
                reason,
            })?;
            if !follows(before.map(|before| before.name), member.name) {
                return Err(ManifestFault::Order { name: member.name });
            }
            check_cut(before, Some(member))?;
            before = Some(member);
        }
        check_cut(before, None)?;
        let spines = self.members.iter().filter(|member| member.is_superblock());
        let size = spines.map(|member| member.size).sum();
        if size > MAX_SUPERBLOCK {
            return Err(ManifestFault::Superblocks { size });
        }
        let attached = |member: &&Member| matches!(member.name.role, Role::Attachment(_));
        let count = self.members.iter().filter(attached).count();
        if count > MAX_ATTACHMENTS {
            return Err(ManifestFault::Attachments { count });
        }
        self.check_end(self.members.iter().rfind(|member| !attached(member)))?;
        self.check_counts()
    }

    /// Makes sure that the last member belongs to the last release.
    fn check_end(&self, last: Option<&Member>) -> Result<(), ManifestFault> {
        let begun = match last.map(|last| last.name.role) {
            Some(Role::Payload { release, .. }) => release as usize + 1,
            Some(Role::Summary) => {
                return Err(ManifestFault::MissingMember {
                    name: MemberName::SUMMARY_SIGNATURE,
                });
            }
            Some(Role::SummarySignature | Role::Attachment(_)) | None => 0,
        };
        match (begun.cmp(&self.releases.len()), last) {
            (std::cmp::Ordering::Equal, _) => Ok(()),
            (std::cmp::Ordering::Greater, Some(last)) => {
                Err(ManifestFault::Order { name: last.name })
            }
            _ => Err(ManifestFault::MissingMember {
                name: MemberName::superblock(begun as u32),
            }),
        }
    }

    /// Makes sure that packs hold no more objects than their release announces.
    fn check_counts(&self) -> Result<(), ManifestFault> {
        let mut packed = vec![0_u64; self.releases.len()];
        for member in &self.members {
            if let Role::Payload { release, .. } = member.name.role
                && let Some(count) = packed.get_mut(release as usize)
            {
                *count = count.saturating_add(member.objects.unwrap_or(0));
            }
        }
        match self
            .releases
            .iter()
            .zip(packed)
            .find(|(release, packed)| *packed > release.objects.file)
        {
            None => Ok(()),
            Some((release, _)) => Err(ManifestFault::Release {
                name: release.name.clone(),
                reason: ReleaseFault::Objects,
            }),
        }
    }
}

impl Member {
    fn is_superblock(&self) -> bool {
        let load = Load::Superblock;
        matches!(self.name.role, Role::Payload { load: found, .. } if found == load)
    }

    /// Checks sizes and counts against each other and against what such a member may have.
    fn check(&self) -> Result<(), MemberFault> {
        let first = self.name.piece.is_none_or(|piece| piece == 1);
        let (limit, unpacked, objects) = match self.name.role {
            Role::Summary => (MAX_SUMMARY, None, false),
            Role::SummarySignature => (MAX_SUMMARY_SIGNATURE, None, false),
            Role::Attachment(_) => (MAX_MEMBER, None, false),
            Role::Payload {
                load: Load::Superblock,
                ..
            } => (MAX_SUPERBLOCK, None, false),
            Role::Payload {
                load: Load::Part(_),
                ..
            } => (MAX_PART, Some(MAX_PART), false),
            Role::Payload {
                load: Load::Pack(_),
                ..
            } => (MAX_MEMBER, first.then_some(u64::MAX), first),
        };
        if self.size == 0 || self.size > limit {
            return Err(MemberFault::Size);
        }
        if self.chunks.len() as u64 != self.size.div_ceil(CHUNK_SIZE) {
            return Err(MemberFault::Chunks);
        }
        if let [only] = self.chunks.as_slice()
            && *only != self.sha256
        {
            return Err(MemberFault::OneChunk);
        }
        if self.unpacked.is_some() != unpacked.is_some() || self.unpacked > unpacked {
            return Err(MemberFault::Unpacked);
        }
        if self.objects.is_some() != objects || self.objects == Some(0) {
            return Err(MemberFault::Objects);
        }
        Ok(())
    }
}

/// Tells whether `name` may stand right after `before`.
fn follows(before: Option<MemberName>, name: MemberName) -> bool {
    let Some(before) = before else {
        return name == MemberName::SUMMARY || name == MemberName::superblock(0);
    };
    if before.role == name.role {
        return match (before.piece, name.piece) {
            (Some(last), Some(next)) => last < MAX_PIECES && next == last + 1,
            _ => false,
        };
    }
    if name.piece.is_some_and(|piece| piece != 1) {
        return false;
    }
    match (before.role, name.role) {
        (Role::Summary, Role::SummarySignature) => true,
        (
            Role::SummarySignature,
            Role::Payload {
                release: 0,
                load: Load::Superblock,
            },
        ) => true,
        (
            Role::Payload {
                release: last,
                load: from,
            },
            Role::Payload { release, load: to },
        ) => match (from, to) {
            (_, Load::Superblock) => last.checked_add(1) == Some(release),
            _ if last != release => false,
            (Load::Superblock, Load::Part(0) | Load::Pack(0)) => true,
            (Load::Part(_), Load::Pack(0)) => true,
            (Load::Part(from), Load::Part(to)) => from.checked_add(1) == Some(to),
            (Load::Pack(from), Load::Pack(to)) => from.checked_add(1) == Some(to),
            _ => false,
        },
        (Role::Payload { .. }, Role::Attachment(_)) => true,
        // Names that differ only by letter case would be one file on some filesystems.
        (Role::Attachment(last), Role::Attachment(next)) => last.cmp_folded(&next).is_lt(),
        _ => false,
    }
}

/// Checks that a member was cut where members are cut: every piece but the last is full, and
/// there are at least two.
fn check_cut(before: Option<&Member>, next: Option<&Member>) -> Result<(), ManifestFault> {
    let Some((before, piece)) = before.and_then(|before| Some((before, before.name.piece?))) else {
        return Ok(());
    };
    let last = next.is_none_or(|next| next.name.role != before.name.role);
    let good = match last {
        true => piece > 1,
        false => before.size == MAX_MEMBER,
    };
    let reason = MemberFault::Piece;
    good.then_some(()).ok_or(ManifestFault::Member {
        name: before.name,
        reason,
    })
}
