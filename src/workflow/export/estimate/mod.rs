//! How large the bundle of a plan will be, and why; nothing is written.
//!
//! ```text
//! trees, permissions           compressed, as they will be
//! pairs from a size on         compared and compressed, as they will be; of the largest, some windows
//! of the others, some blocks   the same: what they take, by what they are stored as, tells what all take
//! whole files, packs           some blocks packed, likewise
//! ```
//!
//! A block is of neighbours, as they compress together. Where parts are to be compressed very hard, they
//! are compressed at a lower level here, and a piece of them at both.

mod front;
mod largest;
mod ledger;
mod measure;
mod sample;

use serde::Serialize;

use super::plan::{ExportPlan, PlannedRelease};
use super::{Error, ExportOptions};
use crate::Observer;
use crate::bundle::PackObject;
use crate::delta::{Choice, Pair, Way, Why};
use crate::format::{ObjectKind, ObjectName};
use crate::repo::Repo;

pub use largest::Contributor;
pub use ledger::{Tally, WayTally};
pub use sample::Sampling;

use ledger::Ledger;
use measure::{Measured, files, metadata, packs, pairs};
use sample::Sample;

/// What the superblock takes for each object.
const LISTED: u64 = 33;

/// About how large a bundle will be, and why.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Estimate {
    /// About how many bytes it takes.
    pub bytes: u64,
    /// Its releases, in order.
    pub releases: Vec<ReleaseEstimate>,
}

/// What one release takes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseEstimate {
    /// About how many bytes it takes.
    pub bytes: u64,
    /// Files of which the site has no older version.
    pub new: Tally,
    /// Files of which it has one.
    pub changed: Tally,
    /// The commit, directories and permissions.
    pub metadata: Tally,
    /// What the site has already.
    pub unchanged: Tally,
    /// How files travel, and why; most bytes first.
    pub ways: Vec<WayTally>,
    /// The files that take most.
    pub largest: Vec<Contributor>,
    /// How many bytes of changed files were compared, as stored.
    pub compared: u64,
    #[serde(skip)]
    parts: u64,
}

/// Estimates the bundle of a plan.
pub fn estimate_export(
    repo: &Repo,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
    sampling: Sampling,
    observer: &dyn Observer,
) -> Result<Estimate, Error> {
    let _shared = repo.lock_shared()?;
    let one = |release| one(repo, options, release, sampling, observer);
    let releases: Vec<_> = plan.releases.iter().map(one).collect::<Result<_, _>>()?;
    let mut bytes = releases.iter().map(|release| release.bytes).sum();
    if !releases.is_empty() {
        let parts = releases.iter().map(|release| release.parts).sum();
        bytes += front::size(repo, options, plan, parts)?;
    }
    Ok(Estimate { bytes, releases })
}

/// What everything is estimated from.
#[derive(Clone, Copy)]
struct Question<'a> {
    repo: &'a Repo,
    options: &'a ExportOptions<'a>,
    release: &'a PlannedRelease,
    observer: &'a dyn Observer,
}

fn one<'a>(
    repo: &'a Repo,
    options: &'a ExportOptions<'a>,
    release: &'a PlannedRelease,
    sampling: Sampling,
    observer: &'a dyn Observer,
) -> Result<ReleaseEstimate, Error> {
    let question = Question {
        repo,
        options,
        release,
        observer,
    };
    let carried = &release.carried;
    let trees = metadata(&question)?;
    let (large, small) = sample::split(&carried.pairs, sampling);
    let large = Sample::all(large);
    let small = Sample::of(small, |pair: &Pair| pair.stored, sampling);
    let compared = [&large, &small].map(|sample| (sample, pairs(&question, &sample.chosen)));
    let mut groups = Vec::new();
    for (sample, measured) in compared {
        groups.push((sample, measured?));
    }
    let ratio = pack_ratio(&question, &groups, sampling)?;
    let mut ledger = Ledger::default();
    for (sample, measured) in &groups {
        ledger.add_pairs(sample, measured, ratio);
    }
    let changed = ledger.total();
    whole_files(&question, &mut ledger, sampling)?;
    for object in &carried.packs {
        let bytes = object.size as f64 * ratio;
        ledger.add(
            object.name,
            (Way::Declined, Why::NoOldFile),
            object.size,
            bytes,
            1.0,
        );
    }
    let all = ledger.total();
    let listed = ledger.in_parts() * LISTED;
    let parts = trees.parts + ledger.parts;
    let count = &carried.objects;
    Ok(ReleaseEstimate {
        bytes: trees.bytes + trees.superblock + listed + all.bytes,
        new: all.less(changed),
        changed,
        metadata: Tally {
            objects: count.commit + count.dirtree + count.dirmeta,
            stored: carried.metadata_stored,
            bytes: trees.bytes + trees.superblock + listed,
        },
        unchanged: Tally {
            objects: carried.unchanged,
            stored: carried.unchanged_stored,
            bytes: 0,
        },
        compared: groups
            .iter()
            .map(|(sample, _)| stored(&sample.chosen))
            .sum(),
        largest: largest::find(repo, &release.commit, &ledger)?,
        ways: ledger.ways(),
        parts,
    })
}

fn stored(pairs: &[Pair]) -> u64 {
    pairs.iter().map(|pair| pair.stored).sum()
}

/// Files without an old version that go into parts, as they do when those are compressed hard.
fn whole_files(
    question: &Question<'_>,
    ledger: &mut Ledger,
    sampling: Sampling,
) -> Result<(), Error> {
    let size = |file| {
        let name = ObjectName::new(file, ObjectKind::File);
        question.repo.object_size(&name)
    };
    let mut all = Vec::new();
    for file in &question.release.carried.files {
        all.push((*file, size(*file)?));
    }
    let total: u64 = all.iter().map(|(_, size)| size).sum();
    // A few large ones would be most of the sample; where there are others they are taken to be like them.
    let is_usual = |(_, size): &&(_, u64)| *size <= sampling.small / 8;
    let usual: Vec<_> = all.iter().filter(is_usual).copied().collect();
    let of_usual: u64 = usual.iter().map(|(_, size)| size).sum();
    let sample = match of_usual > total / 8 {
        true => usual,
        false => all.clone(),
    };
    let sample = Sample::of(sample, |(_, size)| *size, sampling);
    let chosen: Vec<_> = sample.chosen.iter().map(|(file, _)| *file).collect();
    let measured = files(question, &chosen)?;
    let of: u64 = sample.chosen.iter().map(|(_, size)| *size).sum();
    let of_all = |count: u64| count as f64 / of.max(1) as f64;
    ledger.parts += (of_all(measured.parts) * total as f64).ceil() as u64;
    for (file, size) in all {
        let bytes = of_all(measured.bytes) * size as f64;
        ledger.add(file, (Way::Whole, Why::NoOldFile), size, bytes, 1.0);
    }
    Ok(())
}

/// Returns what an object takes in a pack, by its size in the repository.
fn pack_ratio(
    question: &Question<'_>,
    groups: &[(&Sample<Pair>, Measured)],
    sampling: Sampling,
) -> Result<f64, Error> {
    let declined = groups.iter().flat_map(|(sample, measured)| {
        let all = sample.chosen.iter().zip(&measured.choices);
        all.filter(|(_, choice): &(_, &Choice)| choice.way == Way::Declined)
    });
    let declined = declined.map(|(pair, _)| PackObject {
        name: pair.new,
        size: pair.stored,
    });
    let objects = question.release.carried.packs.iter().copied();
    let objects: Vec<_> = objects.chain(declined).collect();
    let sample = Sample::of(objects, |object| object.size, sampling);
    let of: u64 = sample.chosen.iter().map(|object| object.size).sum();
    match of {
        0 => Ok(1.0),
        of => Ok(packs(question.repo, &sample.chosen)? as f64 / of as f64),
    }
}
