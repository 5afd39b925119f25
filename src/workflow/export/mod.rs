//! `export`: the difference between the twin and what a site has, as one signed bundle.
//!
//! ```text
//! plan    what travels, and every reason why it must not     nothing is written
//! compile patches and spines, in memory or beside the target  nothing has a name
//! write   summary, spines, packs, manifest, signatures       NAME.partial
//! estimate how large it will be and why                        nothing is written either
//! publish the name, the site's profile, the journal
//! ```

mod attach;
mod base;
pub(super) mod carry;
mod check;
mod compile;
mod error;
mod estimate;
mod history;
mod manifest;
mod may_return;
mod permit;
mod plan;
mod profile;
mod target;
pub(super) mod whole;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use attach::Attachment;
pub use error::ExportError;
pub use estimate::{
    Contributor, Estimate, ReleaseEstimate, Sampling, Tally, WayTally, estimate_export,
};
pub use permit::PermitRollback;
pub use plan::{ExportPlan, PlannedRelease, plan_export};
pub use profile::SiteProfile;

use super::inventory::SiteInventory;
use super::journal::{self, Entry, Move, Verb};
use super::site::store_sequence;
use super::{Error, Trust};
use crate::bundle::{Form, Release, Rollback, SiteName, TrustUpdate};
use crate::delta::CostModel;
use crate::ed25519::SecretKey;
use crate::format::{Checksum, RefName};
use crate::openpgp::{Fingerprint, Signer};
use crate::repo::{Repo, Transaction};
use crate::{Observer, Silent};

/// What to export, and how.
#[derive(Clone)]
pub struct ExportOptions<'a> {
    /// The refs whose heads are to travel.
    pub refs: &'a [RefName],
    /// What the site has already.
    pub base: Base<'a>,
    /// The site, whose refs the carried summary lists.
    pub site: SiteName,
    /// The bundle, or the existing directory in which it gets a name of its own.
    pub output: &'a Path,
    /// How it lies on the medium.
    pub form: Form,
    /// Whether a signed summary travels along.
    pub index: Index,
    /// Where the site may go back to without a key.
    pub may_return: MayReturn<'a>,
    /// The one ref that sites may take back to an older commit, once.
    pub permit_rollback: Option<&'a PermitRollback>,
    /// How many of the releases that the site skipped are told of: commits without their trees.
    pub history: usize,
    /// Whose versions travel along, and by which the site is to judge; none if it has none.
    pub trust: Option<&'a Trust>,
    /// Files that ride along.
    pub attachments: &'a [PathBuf],
    /// When the bundle ends to be acceptable, in UNIX seconds.
    pub expires: Option<u64>,
    /// Carries files recompressed at this zstd level, for a thin link, instead of as they are.
    pub level: Option<i32>,
    /// When a file travels as a patch of an old one, and how much work is spent on that.
    pub costs: CostModel,
    /// Whether the medium is read again before the bundle gets its name.
    pub read_back: ReadBack,
    /// What is let pass although clients would stumble over it.
    pub waivers: &'a BTreeSet<Waiver>,
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// What the site has already, so that it need not travel.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// Nobody said; that is an error which suggests what to say.
    Unstated,
    /// Nothing: everything travels.
    Full,
    /// At least one of these commits, or of what these refs name.
    Revisions(&'a [String]),
    /// What this repository has under the same refs.
    Repository(&'a Repo),
    /// What was exported for the site last.
    Site,
    /// What the site itself says it has.
    Inventory(&'a SiteInventory),
}

/// Where a site may go back to, should the release turn out to be bad.
#[derive(Clone, Copy, Debug)]
pub enum MayReturn<'a> {
    /// Nowhere.
    Nowhere,
    /// To what it had before.
    Before,
    /// To one of these releases.
    Revisions(&'a [String]),
}

/// Whether a signed summary travels along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// It is built for the site and signed now.
    Carried,
    /// The site makes and signs its own.
    LeftOut,
}

/// Whether the medium is read again before the bundle gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBack {
    /// It is not.
    Skipped,
    /// It is, past the page cache.
    Done,
}

/// A fault of a release commit that is let pass when it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiver {
    /// The commit has no signature.
    UnsignedCommit,
    /// The commit binds no ref, so that clients accept it under any.
    UnboundCommit,
}

/// Who signs what.
#[derive(Clone, Copy, Default)]
pub struct ExportSigners<'a> {
    /// The manifest; nobody, if a signing room does it later.
    pub bundle: &'a [Box<dyn Signer>],
    /// The summary that travels along.
    pub summary: &'a [Box<dyn Signer>],
    /// What signs that summary besides, for clients that use `sign-verify`.
    pub ed25519: &'a [SecretKey],
}

/// What was exported.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExportOutcome {
    /// The bundle; none if the site has everything already.
    pub bundle: Option<Exported>,
    /// The refs at whose heads the site is already.
    pub up_to_date: Vec<RefName>,
}

/// A bundle that stands on the medium.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exported {
    /// The SHA-256 of its manifest.
    pub id: Checksum,
    /// Its file, volumes or directory.
    pub files: Vec<PathBuf>,
    /// How many bytes it takes.
    pub size: u64,
    /// What it brings.
    pub releases: Vec<Release>,
    /// The versions of the trust that travel along.
    pub trust: Vec<u64>,
    /// The sequence number per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// The refs of the site after import.
    pub refs_after: BTreeMap<RefName, Option<Checksum>>,
    /// Where the site may go back to without a key.
    pub may_return: BTreeMap<RefName, Vec<Checksum>>,
    /// The permission to take a ref back, if it was given.
    pub rollback: Option<Rollback>,
    /// Who signed the manifest.
    pub signers: Vec<Fingerprint>,
    /// Whether it was read back from the medium.
    pub read_back: ReadBack,
}

impl Exported {
    /// Takes the bundle away, as far as that can be done.
    fn remove(&self) {
        for file in &self.files {
            let _ = match file.is_dir() {
                true => fs::remove_dir_all(file),
                false => fs::remove_file(file),
            };
        }
    }
}

/// Writes a bundle, signs it, and gives it its name when all of it is on the medium.
pub fn export(
    repo: &Repo,
    options: &ExportOptions<'_>,
    signers: ExportSigners<'_>,
    observer: &dyn Observer,
) -> Result<ExportOutcome, Error> {
    let (_airlock, _) = repo.lock_for_writing()?;
    let _shared = repo.lock_shared()?;
    check::signers(options, signers)?;
    let updates = check::trust_updates(options)?;
    let plan = plan::make(repo, options, observer)?;
    let up_to_date = plan.up_to_date.clone();
    if plan.releases.is_empty() {
        return Ok(ExportOutcome {
            bundle: None,
            up_to_date,
        });
    }
    let before: u64 = updates.iter().map(TrustUpdate::size).sum();
    plan.medium.room.check(plan.needed + before)?;
    let sealed = write::seal(repo, options, signers, &plan, observer)?;
    if options.read_back == ReadBack::Done {
        sealed.bundle.read_back(observer)?;
    }
    // Given out before the bundle has a name: no second one can ever have the same numbers.
    store_sequence(repo, &plan.sequence)?;
    let size = sealed.bundle.size();
    let files = sealed.bundle.publish()?;
    let exported = Exported {
        id: sealed.id,
        size,
        files,
        trust: updates.iter().map(|update| update.version).collect(),
        releases: sealed.manifest.releases,
        sequence: sealed.manifest.sequence,
        refs_after: sealed.manifest.refs_after,
        may_return: sealed.manifest.may_return,
        rollback: sealed.manifest.rollback,
        signers: signers
            .bundle
            .iter()
            .map(|signer| signer.certificate().clone())
            .collect(),
        read_back: options.read_back,
    };
    if let Err(error) = remember(repo, options, &exported) {
        // A bundle that nothing here knows of goes again; one that will be known of stays.
        if !error.is_unfinished() {
            exported.remove();
        }
        return Err(error);
    }
    Ok(ExportOutcome {
        bundle: Some(exported),
        up_to_date,
    })
}

/// Notes what the site will have, and continues the journal.
fn remember(repo: &Repo, options: &ExportOptions<'_>, exported: &Exported) -> Result<(), Error> {
    let moves = exported.releases.iter().map(|release| {
        let from = release.from.first().copied();
        (
            release.name.clone(),
            Move {
                from,
                to: Some(release.commit),
            },
        )
    });
    let mut entry = Entry::new(Verb::Export);
    entry.refs = moves.collect();
    entry.bundle = Some(exported.id);
    entry.signers = exported.signers.clone();
    entry.note = Some(format!("for site {}", options.site));
    let tx = Transaction::begin(repo)?;
    SiteProfile::of(exported, options.now).stage(&tx, &options.site);
    tx.append_journal(journal::next(repo, entry, options.now)?);
    tx.publish(&Silent)?;
    Ok(())
}
