//! `import`: a bundle becomes part of a repository, or not one byte of it does.
//!
//! ```text
//! verify      signatures over the manifest, policy            the repository is not touched
//!             at the later of clock and what was accepted
//! lock        airlock's; an interrupted publish is finished
//! standing    is all of this here already?                    then nothing is done
//! preflight   every reason to refuse that needs no payload
//! stream      one read: summary and superblocks are judged, objects checked and staged
//! complete    everything reachable from the new commits is there
//! copy        of the record, outside: see `site`
//! publish     in the order of `repo::publish`, with record and journal
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
use super::release_check::{ReleaseCheck, judge_bundle};
use super::seal::Signing;
use super::site::Records;
use super::trust::Trust;
use crate::bundle::{Bundle, Manifest, StreamError, VerifiedBundle};
use crate::openpgp::Verification;
use crate::repo::{Repo, Transaction};
use crate::{Observer, Stage};

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
    /// What the clock says, in UNIX seconds; when it is behind what was accepted, that is judged by.
    pub now: u64,
    /// How many objects of an interrupted run are checked at the same time.
    pub threads: usize,
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
    let (bundle, verification) = open(repo, options, clock)?;
    let (_lock, rolled) = repo.lock_for_writing()?;
    let records = records(repo, options, bundle.manifest())?;
    let copy = records.copy.clone();
    let site = SiteState::read(repo, records, options.now)?;
    let mut outcome = ImportOutcome::new(&bundle, &verification);
    outcome.rolled_forward = rolled.is_some();
    outcome.looked_at(repo, clock)?;
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        outcome.changed = publish::restore_summary(repo, &site, observer)?;
        return Ok(outcome);
    }
    Error::refuse_any(preflight(repo, &site, &bundle, options)?)?;
    if let Some(copy) = &copy {
        copy.prepare()?;
    }
    // Whatever fails from here on drops the transaction, and its stage with it.
    let (tx, resumed) = Transaction::resume(repo, bundle.id(), options.threads)?;
    outcome.resumed = resumed;
    let check = check(&bundle, options, &site);
    let publishes = summary_source(&bundle, &site, options);
    let importer = Importer::new(repo, check, &site, Target::Stage(&tx), publishes);
    stream(&bundle, &importer, observer)?;
    let carried = importer.finish()?;
    tx.press()?;
    Error::refuse_any(carried.incomplete(&tx)?)?;
    let publication = Publication {
        bundle: &bundle,
        site: &site,
        options,
        copy: copy.as_ref(),
        signers: verification.signers(),
    };
    publication.stage(&tx, carried, &mut outcome)?;
    let published = tx.publish(observer)?;
    outcome.published(published);
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
    let (bundle, verification) = open(repo, options, clock)?;
    let records = records(repo, options, bundle.manifest())?;
    let site = SiteState::read(repo, records, options.now)?;
    let mut outcome = ImportOutcome::new(&bundle, &verification);
    outcome.looked_at(repo, clock)?;
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        return Ok(outcome);
    }
    outcome.findings = preflight(repo, &site, &bundle, options)?;
    let check = check(&bundle, options, &site);
    let publishes = summary_source(&bundle, &site, options);
    let importer = Importer::new(repo, check, &site, Target::Nowhere, publishes);
    stream(&bundle, &importer, observer)?;
    outcome.findings.extend(importer.findings());
    outcome.would_move(&bundle, &site, options);
    Ok(outcome)
}

/// Opens and verifies a bundle; of the repository nothing but the clock of what it accepted is read.
fn open(
    repo: &Repo,
    options: &ImportOptions<'_>,
    clock: &mut Clock,
) -> Result<(VerifiedBundle, Verification), Error> {
    let mut bundle = Bundle::open(&options.bundle)?;
    for file in &options.signatures {
        bundle.add_signatures(file)?;
    }
    let records = Records::read(repo, options.site_record.as_deref())?;
    clock.judged = records.now(options.now)?;
    bundle.verify_with(|bytes, files| judge_bundle(options.trust, bytes, files, clock.judged))
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
