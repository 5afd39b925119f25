//! `import`: a bundle becomes part of a repository, or not one byte of it does.
//!
//! ```text
//! verify      signatures over the manifest, policy            the repository is not touched
//! lock        airlock's; an interrupted publish is finished
//! standing    is all of this here already?                    then nothing is done
//! preflight   every reason to refuse that needs no payload
//! stream      one read: summary and superblocks are judged, objects checked and staged
//! complete    everything reachable from the new commits is there
//! publish     in the order of `repo::publish`, with record and journal
//! ```

mod merge;
mod outcome;
mod preflight;
mod publish;
mod sink;
mod site_state;

use std::path::PathBuf;

use super::error::Error;
use super::release_check::{ReleaseCheck, judge_bundle};
use super::seal::Signing;
use super::site::Accepted;
use super::trust::Trust;
use crate::bundle::{Bundle, StreamError, VerifiedBundle};
use crate::openpgp::Verification;
use crate::repo::{Repo, Transaction};
use crate::{Observer, Stage};

pub use outcome::{ImportOutcome, SummarySource};
pub use site_state::Standing;

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
    /// The time to judge at, in UNIX seconds.
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
    let (bundle, verification) = open(repo, options)?;
    let (_lock, rolled) = repo.lock_for_writing()?;
    let site = SiteState::read(repo)?;
    let mut outcome = ImportOutcome::new(&bundle, &verification);
    outcome.rolled_forward = rolled.is_some();
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        outcome.changed = publish::restore_summary(repo, &site, observer)?;
        return Ok(outcome);
    }
    Error::refuse_any(preflight(repo, &site, &bundle, options)?)?;
    // Whatever fails from here on drops the transaction, and its stage with it.
    let (tx, resumed) = Transaction::resume(repo, bundle.id(), options.threads)?;
    outcome.resumed = resumed;
    let check = check(&bundle, options, &site);
    let importer = Importer::new(repo, check, &site, Target::Stage(&tx));
    stream(&bundle, &importer, observer)?;
    let carried = importer.finish()?;
    Error::refuse_any(carried.incomplete(&tx)?)?;
    let publication = Publication {
        bundle: &bundle,
        site: &site,
        options,
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
    let (bundle, verification) = open(repo, options)?;
    let site = SiteState::read(repo)?;
    let mut outcome = ImportOutcome::new(&bundle, &verification);
    outcome.standing(site.standing(repo, &bundle)?);
    if outcome.standing != Standing::Ahead {
        return Ok(outcome);
    }
    outcome.findings = preflight(repo, &site, &bundle, options)?;
    let check = check(&bundle, options, &site);
    let importer = Importer::new(repo, check, &site, Target::Nowhere);
    stream(&bundle, &importer, observer)?;
    outcome.findings.extend(importer.findings());
    outcome.would_move(&bundle, &site, options);
    Ok(outcome)
}

/// Opens and verifies a bundle; of the repository nothing but the clock of what it accepted is read.
fn open(repo: &Repo, options: &ImportOptions<'_>) -> Result<(VerifiedBundle, Verification), Error> {
    let mut bundle = Bundle::open(&options.bundle)?;
    for file in &options.signatures {
        bundle.add_signatures(file)?;
    }
    let accepted = Accepted::load(repo)?.unwrap_or_default();
    let now = accepted.time_floor(options.now);
    bundle.verify_with(|bytes, files| judge_bundle(options.trust, bytes, files, now))
}

fn check<'a>(
    bundle: &'a VerifiedBundle,
    options: &ImportOptions<'a>,
    site: &SiteState,
) -> ReleaseCheck<'a> {
    ReleaseCheck {
        manifest: bundle.manifest(),
        trust: options.trust,
        now: site.now(options.now),
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
