//! `fsck --repair`: a damaged repository is made whole from bundles.
//!
//! ```text
//! survey      every object is read: what is bad, what is missing, which commits are to be whole
//! judge       every bundle, as at an import; only its age is no reason to refuse, for nothing moves
//! ┌▸ stream   each bundle: what is wanted is checked and staged, and nothing else
//! │  publish  staged objects are renamed over the damaged ones: a client sees old or new
//! └─ survey   of those; a round that brought anything may have made another possible
//! beside      unreadable refs, the summary, deltas, marks; the site's own record says where refs belong
//! check       the repository as it is now: whole, or what is left
//! ```
//!
//! Rounds are what heals sources first: a file that travels as a patch waits until the old file that
//! it is made from is sound, and what lies below a missing directory is seen only when that is back.

mod beside;
mod left;
mod mender;
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use outcome::{Left, Mended, ReadBundle, RepairOutcome};

use super::fsck::judge;
use super::journal::{self, Entry, Verb};
use super::release_check::{ReleaseCheck, weigh_bundle};
use super::site::Records;
use super::{CheckOptions, Error, Trust};
use crate::bundle::{Bundle, StreamError, VerifiedBundle};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::{Repo, SummaryPair, Survey, Transaction, Wanted};
use crate::{Observer, Stage};
use mender::{Mender, Need, State, but_age};

/// What to mend, from what, and whom to believe.
#[derive(Clone, Debug)]
pub struct RepairOptions<'a> {
    /// How the repository is checked, before and after.
    pub check: CheckOptions<'a>,
    /// Whose signatures are believed: what is in force for this repository.
    pub trust: &'a Trust,
    /// The bundles, each as its files, in the order in which they are read.
    pub bundles: Vec<Vec<PathBuf>>,
    /// Whether only to say what would be mended.
    pub dry_run: bool,
}

/// A bundle that was judged.
struct Judged {
    bundle: VerifiedBundle,
    trust: Trust,
    brought: usize,
}

/// What is under way.
struct Repair<'a, 'r> {
    repo: &'r Repo,
    options: &'a RepairOptions<'a>,
    survey: Survey<'r>,
    bundles: Vec<Judged>,
    now: u64,
    mended: BTreeMap<ObjectName, Mended>,
    starved: BTreeMap<ObjectName, Vec<Checksum>>,
    /// Old files that something wanted is made from, and that are not sound either.
    sources: BTreeSet<ObjectName>,
    summaries: Vec<SummaryPair>,
}

/// Mends a repository; what could not be mended is in the outcome.
pub fn repair(
    repo: &Repo,
    options: &RepairOptions<'_>,
    observer: &dyn Observer,
) -> Result<RepairOutcome, Error> {
    let _lock = match options.dry_run {
        true => None,
        false => Some(repo.lock_for_writing()?),
    };
    let now = Records::read(repo, None)?.now(options.check.now)?;
    let bundles = options.bundles.iter();
    let bundles = bundles.map(|paths| open(paths, options.trust, now));
    let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
    let survey = Survey::take(repo, &options.check.of_repository(), observer)?;
    let wanted = survey.wanted()?;
    let mut repair = Repair {
        repo,
        options,
        survey,
        bundles,
        now,
        mended: BTreeMap::new(),
        starved: BTreeMap::new(),
        sources: BTreeSet::new(),
        summaries: Vec::new(),
    };
    repair.rounds(observer)?;
    repair.finish(wanted, observer)
}

/// Opens a bundle and judges it; old it may be.
fn open(paths: &[PathBuf], trust: &Trust, now: u64) -> Result<Judged, Error> {
    let bundle = Bundle::open(paths)?;
    let trust = trust.follow(bundle.trust_updates(), now)?;
    let (bundle, ()) = bundle.verify_with(|bytes, files| {
        let (_, findings) = weigh_bundle(&trust, bytes, files, now)?;
        Error::refuse_any(but_age(findings))
    })?;
    Ok(Judged {
        bundle,
        trust,
        brought: 0,
    })
}

impl Repair<'_, '_> {
    /// Reads the bundles again and again, as long as that brings anything.
    fn rounds(&mut self, observer: &dyn Observer) -> Result<(), Error> {
        loop {
            let before = (self.mended.len(), self.sources.len());
            self.starved.clear();
            let wanted = self.survey.wanted()?;
            let last = self.round(wanted, observer)?;
            let sources = self.starved.values().flatten();
            let sources = sources.map(|file| ObjectName::new(*file, ObjectKind::File));
            self.sources.extend(sources);
            let after = (self.mended.len(), self.sources.len());
            if last || after == before || self.options.dry_run {
                return Ok(());
            }
        }
    }

    /// Reads every bundle once, and publishes what they brought; tells whether nothing is wanted.
    fn round(&mut self, wanted: Wanted, observer: &dyn Observer) -> Result<bool, Error> {
        let tx = match self.options.dry_run {
            true => None,
            false => Some(Transaction::mend(self.repo, self.survey.damaged())?),
        };
        let mut open: BTreeSet<ObjectName> = wanted.objects.keys().copied().collect();
        let sources = self.sources.iter();
        open.extend(sources.filter(|source| !self.survey.is_sound(source)));
        let mut written = Vec::new();
        for at in 0..self.bundles.len() {
            let need = Need {
                repo: self.repo,
                survey: &self.survey,
                commits: &wanted.commits,
                tx: tx.as_ref(),
            };
            let Some(judged) = self.bundles.get_mut(at) else {
                continue;
            };
            let check = ReleaseCheck {
                manifest: judged.bundle.manifest(),
                trust: &judged.trust,
                now: self.now,
            };
            let mut state = stream(&judged.bundle, Mender::new(&need, check, open), observer)?;
            let beside = beside::signatures(&need, &state, &judged.trust, self.now)?;
            state.brought.extend(&beside);
            judged.brought += state.brought.len();
            let bundle = *judged.bundle.id();
            for object in &state.brought {
                let place = wanted.objects.get(object).cloned().flatten();
                let object = *object;
                let mended = Mended {
                    object,
                    place,
                    bundle,
                };
                self.mended.entry(object).or_insert(mended);
            }
            written.extend(state.brought.iter().copied());
            open = std::mem::take(&mut state.wanted);
            open.retain(|object| !state.brought.contains(object));
            self.starved.append(&mut state.starved);
            self.summaries.extend(state.summary);
        }
        if let Some(tx) = tx.filter(|_| !written.is_empty()) {
            self.publish(tx, &written, observer)?;
        }
        Ok(open.is_empty())
    }

    fn publish(
        &mut self,
        tx: Transaction<'_>,
        written: &[ObjectName],
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let mut used = self.bundles.iter().filter(|judged| judged.brought > 0);
        let entry = Entry {
            bundle: used.next_back().map(|judged| *judged.bundle.id()),
            note: Some(format!("{} damaged or missing objects", written.len())),
            ..Entry::new(Verb::Repair)
        };
        // A journal that cannot be continued is a finding of its own; objects are mended all the same.
        if let Ok(line) = journal::next(self.repo, entry, self.options.check.now) {
            tx.append_journal(line);
        }
        tx.publish(observer)?;
        Ok(self.survey.again(written)?)
    }

    /// Mends what is no object, and looks at what there is now.
    fn finish(self, wanted: Wanted, observer: &dyn Observer) -> Result<RepairOutcome, Error> {
        let (repo, dry_run) = (self.repo, self.options.dry_run);
        let look = || judge(repo, &self.options.check, self.survey.report()?);
        let mut check = look()?;
        let refs = beside::unreadable_refs(repo, &self.survey, &check.findings)?;
        let unmarked = self.survey.wrongly_marked()?;
        if !dry_run && (!refs.is_empty() || !unmarked.is_empty()) {
            beside::restore_refs(repo, &refs)?;
            self.survey.unmark(&unmarked)?;
            check = look()?;
        }
        let (trust, now) = (self.options.trust, self.now);
        let carried = &self.summaries;
        let pair = beside::summary(repo, trust, now, &check.findings, carried)?;
        let summary = pair.is_some();
        let deltas = beside::damaged_deltas(repo, &check.findings)?;
        let reindex = beside::is_index_bad(&check.findings);
        if !dry_run && (summary || reindex || !deltas.is_empty()) {
            if let Some(pair) = pair {
                beside::publish_summary(repo, pair, observer)?;
            }
            if reindex || !deltas.is_empty() {
                beside::drop_deltas(repo, &deltas)?;
            }
            check = look()?;
        }
        let touched = !self.mended.is_empty() || !refs.is_empty() || !unmarked.is_empty();
        let touched = touched || summary || reindex || !deltas.is_empty();
        let left = left::left(&self, &wanted)?;
        Ok(RepairOutcome {
            changed: touched && !dry_run,
            wanted: wanted.objects.len(),
            bundles: self.bundles.iter().map(Judged::read).collect(),
            mended: self.mended.into_values().collect(),
            left,
            refs,
            summary,
            deltas: deltas.iter().map(ToString::to_string).collect(),
            unmarked,
            check,
        })
    }
}

impl Judged {
    fn read(&self) -> ReadBundle {
        ReadBundle {
            bundle: *self.bundle.id(),
            brought: self.brought,
        }
    }
}

fn stream(
    bundle: &VerifiedBundle,
    mender: Mender<'_, '_>,
    observer: &dyn Observer,
) -> Result<State, Error> {
    let streamed = bundle.stream(Stage::Import, &mender, observer);
    streamed.map_err(|error| match error {
        StreamError::Bundle(error) => Error::Read(error),
        StreamError::Sink(error) => error,
    })?;
    Ok(mender.finish())
}
