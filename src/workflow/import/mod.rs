//! `import`: a bundle becomes part of a repository, or not one byte of it does.
//!
//! ```text
//! trust       the directory, what was accepted since, and the bundle's own updates
//! verify      signatures over the manifest, policy            the repository is not touched
//!             at the later of clock and what was accepted
//! lock        airlock's; an interrupted publish is finished
//! standing    is all of this here already?                    then nothing is done
//! preflight   every reason to refuse that needs no payload
//! stream      one read: summary and superblocks are judged, objects checked and staged
//! complete    everything reachable from the new commits is there
//! copy        of the record, outside: see `site`
//! publish     in the order of `repo::publish`, with record and journal
//! deltas      if asked for: made of what is published, and published on their own
//! ```

mod clock;
mod deltas;
mod merge;
mod order;
mod outcome;
mod preflight;
mod publish;
mod sink;
mod site_state;

use std::path::PathBuf;

use super::error::Error;
use super::finding::Finding;
use super::release_check::{ReleaseCheck, judge_bundle};
use super::seal::Signing;
use super::site::Records;
use super::trust::{Trust, TrustRecord};
use crate::bundle::{Bundle, Manifest, StreamError, VerifiedBundle};
use crate::openpgp::Verification;
use crate::repo::walk::Known;
use crate::repo::{Repo, Transaction};
use crate::{Observer, Stage};

pub(in crate::workflow) use deltas::differing_deltas;
pub(in crate::workflow) use merge::merge;
pub use outcome::{ImportOutcome, SummarySource};
pub use site_state::Standing;

use clock::Clock;
use outcome::summary_source;
use preflight::preflight;
use publish::Publication;
use sink::{Importer, Target};
use site_state::SiteState;

/// What to import, and who vouches for it.
#[derive(Clone)]
pub struct ImportOptions<'a> {
    /// The bundle: a file, a directory, or volumes in any order.
    pub bundle: Vec<PathBuf>,
    /// Signature files that do not lie beside it.
    pub signatures: Vec<PathBuf>,
    /// Who may sign.
    pub trust: &'a Trust,
    /// Who signs the site's own summary; nobody, when the one in the bundle is published as it is.
    pub signing: Signing<'a>,
    /// Where a copy of the site's record is kept; without it, where the repository says, if it does.
    pub site_record: Option<PathBuf>,
    /// Whether clients are offered static deltas from what the repository had.
    pub deltas: Deltas,
    /// What the clock says, in UNIX seconds; when it is behind what was accepted, that is judged by.
    pub now: u64,
    /// How many objects of an interrupted run are checked at the same time.
    pub threads: usize,
}

/// Whether clients are offered static deltas from what the repository had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deltas {
    /// They pull objects, or what deltas there are.
    #[default]
    LeftOut,
    /// One is made for every ref that moves.
    Published,
}

/// Imports a bundle; importing it again changes nothing.
pub fn import(
    repo: &Repo,
    options: &ImportOptions<'_>,
    observer: &dyn Observer,
) -> Result<ImportOutcome, Error> {
    let mut clock = Clock::new(options.now);
    let done = take(repo, options, &mut clock, observer);
    clock.explain(done)
}

fn take(
    repo: &Repo,
    options: &ImportOptions<'_>,
    clock: &mut Clock,
    observer: &dyn Observer,
) -> Result<ImportOutcome, Error> {
    // What an interrupted import accepted counts when the next bundle is judged.
    let waiting = repo.is_interrupted()?;
    if waiting {
        drop(repo.lock_for_writing()?);
    }
    let Opened {
        bundle,
        verification,
        trust,
        record,
    } = open(repo, options, clock)?;
    let options = &options.judged_by(&trust);
    let (lock, rolled) = repo.lock_for_writing()?;
    if TrustRecord::load(repo)? != record {
        let what = "the trust".to_owned();
        return Err(Error::refused(Finding::Changed { what }));
    }
    let records = records(repo, options, bundle.manifest())?;
    let copy = records.copy.clone();
    let site = SiteState::read(repo, records, options.now)?;
    let mut outcome = ImportOutcome::new(&bundle, &verification);
    outcome.rolled_forward = waiting || rolled.is_some();
    outcome.looked_at(repo, clock)?;
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        outcome.changed = publish::restore_summary(repo, &site, observer)?;
        deltas::offer(repo, &lock, options, &mut outcome, observer);
        return Ok(outcome);
    }
    let mut known = Known::default();
    // What is seen now counts later, as long as nobody may take it away in between.
    let kept = repo.lock_shared_if_there()?;
    Error::refuse_any(preflight(repo, &site, &bundle, options, &mut known)?)?;
    if kept.is_none() {
        known = Known::default();
    }
    if let Some(copy) = &copy {
        copy.prepare()?;
    }
    // Whatever fails from here on drops the transaction, and its stage with it.
    let (tx, resumed) = Transaction::resume(repo, bundle.id(), options.threads)?;
    outcome.resumed = resumed;
    let check = check(&bundle, options, &site);
    let publishes = summary_source(&bundle, &site, options);
    let importer = Importer::new(
        repo,
        check,
        &site,
        Target::Stage(&tx),
        publishes,
        options.deltas,
    );
    stream(&bundle, &importer, observer)?;
    let carried = importer.finish()?;
    tx.press()?;
    Error::refuse_any(carried.incomplete(&tx, &mut known)?)?;
    let publication = Publication {
        bundle: &bundle,
        site: &site,
        options,
        copy: copy.as_ref(),
        record: &record,
        signers: verification.signers(),
    };
    publication.stage(&tx, carried, &mut outcome)?;
    let published = tx.publish(observer)?;
    outcome.published(published);
    deltas::offer(repo, &lock, options, &mut outcome, observer);
    Ok(outcome)
}

/// Finds every reason to refuse a bundle, and what it would change; writes nothing.
pub fn plan_import(
    repo: &Repo,
    options: &ImportOptions<'_>,
    observer: &dyn Observer,
) -> Result<ImportOutcome, Error> {
    let mut clock = Clock::new(options.now);
    let planned = plan(repo, options, &mut clock, observer);
    let mut outcome = clock.explain(planned)?;
    clock.add_to(&mut outcome.findings);
    Ok(outcome)
}

fn plan(
    repo: &Repo,
    options: &ImportOptions<'_>,
    clock: &mut Clock,
    observer: &dyn Observer,
) -> Result<ImportOutcome, Error> {
    let opened = open(repo, options, clock)?;
    let (bundle, options) = (opened.bundle, &options.judged_by(&opened.trust));
    let records = records(repo, options, bundle.manifest())?;
    let site = SiteState::read(repo, records, options.now)?;
    let mut outcome = ImportOutcome::new(&bundle, &opened.verification);
    outcome.looked_at(repo, clock)?;
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        return Ok(outcome);
    }
    outcome.findings = preflight(repo, &site, &bundle, options, &mut Known::default())?;
    let check = check(&bundle, options, &site);
    let publishes = summary_source(&bundle, &site, options);
    let importer = Importer::new(
        repo,
        check,
        &site,
        Target::Nowhere,
        publishes,
        options.deltas,
    );
    stream(&bundle, &importer, observer)?;
    outcome.findings.extend(importer.findings());
    outcome.would_move(&bundle, &site, options);
    Ok(outcome)
}

impl<'a> ImportOptions<'a> {
    /// The same, judged by the trust that is in force.
    fn judged_by<'b>(&self, trust: &'b Trust) -> ImportOptions<'b>
    where
        'a: 'b,
    {
        let mut options: ImportOptions<'b> = self.clone();
        options.trust = trust;
        options
    }
}

/// A bundle that was judged, and by what.
struct Opened {
    bundle: VerifiedBundle,
    verification: Verification,
    trust: Trust,
    record: TrustRecord,
}

/// Opens and verifies a bundle; of the repository only the trust and the clock of what it accepted are read.
fn open(repo: &Repo, options: &ImportOptions<'_>, clock: &mut Clock) -> Result<Opened, Error> {
    let mut bundle = Bundle::open(&options.bundle)?;
    for file in &options.signatures {
        bundle.add_signatures(file)?;
    }
    let records = Records::read(repo, options.site_record.as_deref())?;
    clock.judged = records.now(options.now)?;
    let now = clock.judged;
    let record = TrustRecord::load(repo)?;
    let trust = options.trust.with_record(&record)?;
    let trust = trust.follow(bundle.trust_updates(), now)?;
    let (bundle, verification) =
        bundle.verify_with(|bytes, files| judge_bundle(&trust, bytes, files, now))?;
    Ok(Opened {
        bundle,
        verification,
        trust,
        record,
    })
}

/// Reads both records of what this site accepted.
fn records(
    repo: &Repo,
    options: &ImportOptions<'_>,
    manifest: &Manifest,
) -> Result<Records, Error> {
    let mut records = Records::read(repo, options.site_record.as_deref())?;
    records.find_copy(&manifest.repository.id)?;
    Ok(records)
}

fn check<'a>(
    bundle: &'a VerifiedBundle,
    options: &ImportOptions<'a>,
    site: &SiteState,
) -> ReleaseCheck<'a> {
    ReleaseCheck {
        manifest: bundle.manifest(),
        trust: options.trust,
        now: site.now,
    }
}

fn stream(
    bundle: &VerifiedBundle,
    importer: &Importer<'_, '_>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    bundle
        .stream(Stage::Import, importer, observer)
        .map_err(|error| match error {
            StreamError::Bundle(error) => Error::Read(error),
            StreamError::Sink(error) => error,
        })
}
