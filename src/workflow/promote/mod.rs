//! Publishes a tested commit under a release ref.
//!
//! ```text
//! plan ─▶ the source resolved once, its completeness, the new commit ─▶ gate ─▶ execute
//!
//! tested commit                         release commit
//!   ref-binding [os/dev]          ─▶      ref-binding [os/stable]    replaced
//!   collection-binding            ─▶      that of the target         replaced
//!   parent                        ─▶      head of the target         replaced
//!   timestamp                     ─▶      now                        replaced
//!   ostree.endoflife*             ─▶                                 dropped
//!   tree, all other metadata      ─▶      the same, by value         kept
//!                                         airlock.source-commit, -ref
//! ```
//!
//! A ref that points at the tested commit itself, as `ostree refs --create` makes it, is refused by
//! clients where the commit is bound, and unprotected where it is not.

mod attach;
mod build;
mod copy;
mod pending;

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::gate;
use super::journal::{self, Entry, Move, Verb};
use super::seal::{RenewedSummary, Signing, Unsigned, renew_summary, seal_commit};
use crate::Observer;
use crate::format::gvariant::Value;
use crate::format::{Checksum, Commit, Encoded, Metadata, ObjectKind, RefName};
use crate::openpgp::Fingerprint;
use crate::repo::{Repo, Transaction, walk};

pub use attach::{AttachOptions, Attached, attach, attach_to_pending};
pub use build::{SOURCE_COMMIT, SOURCE_REF};
pub use copy::{Copied, Links, copy_objects};
pub use pending::{Pending, Prepared, pending};

/// Which commit the release ref gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A new commit of the same tree, bound to the release ref.
    #[default]
    NewCommit,
    /// The tested commit itself, which must bind the release ref already.
    SameCommit,
}

/// What is promoted, and what the release commit says.
#[derive(Clone, Debug)]
pub struct PromoteOptions {
    /// The ref or checksum of the tested commit.
    pub source: String,
    /// The release ref.
    pub target: RefName,
    /// Which commit it gets.
    pub form: Form,
    /// The version, in place of the tested commit's.
    pub version: Option<String>,
    /// The subject, in place of the tested commit's.
    pub subject: Option<String>,
    /// The body, in place of the tested commit's.
    pub body: Option<String>,
    /// The timestamp, in place of now.
    pub timestamp: Option<u64>,
    /// More refs that the commit may be published under.
    pub bind_refs: Vec<RefName>,
    /// Metadata to add or replace.
    pub add_metadata: Vec<(String, Value)>,
    /// Keys of metadata to leave out.
    pub drop_metadata: Vec<String>,
    /// Whether objects of another repository may be linked.
    pub links: Links,
    /// Whether the summary may lose its signature.
    pub unsigned: Unsigned,
    /// What the journal calls it.
    pub verb: Verb,
    /// The present time, in UNIX seconds.
    pub now: u64,
}

impl PromoteOptions {
    /// Promotes `source` to `target` at the time `now`, and changes nothing that need not change.
    pub fn new(source: impl Into<String>, target: RefName, now: u64) -> Self {
        Self {
            source: source.into(),
            target,
            form: Form::default(),
            version: None,
            subject: None,
            body: None,
            timestamp: None,
            bind_refs: Vec::new(),
            add_metadata: Vec::new(),
            drop_metadata: Vec::new(),
            links: Links::default(),
            unsigned: Unsigned::default(),
            verb: Verb::Promote,
            now,
        }
    }
}

/// What a promotion did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PromoteOutcome {
    /// The release ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The release commit.
    pub commit: Checksum,
    /// The tested commit.
    pub source: Checksum,
    /// The commit that the ref had before.
    pub parent: Option<Checksum>,
    /// The version of the release commit.
    pub version: Option<String>,
    /// Whether anything was changed; if not, it had been promoted already.
    pub changed: bool,
    /// Who signed the release commit now.
    pub signers: Vec<Fingerprint>,
    /// What was copied from the other repository.
    pub copied: Copied,
    /// The new summary, if there is one.
    pub summary: Option<RenewedSummary>,
}

/// A promotion that was looked into and nothing speaks against; nothing is changed yet.
pub struct PromotePlan<'a> {
    source: &'a Repo,
    target: &'a Repo,
    options: PromoteOptions,
    tested: Encoded<Commit>,
    head: Option<Encoded<Commit>>,
    release: Encoded<Commit>,
}

/// Looks into a promotion: every reason to refuse it is told at once.
pub fn plan<'a>(
    source: &'a Repo,
    target: &'a Repo,
    options: PromoteOptions,
) -> Result<PromotePlan<'a>, Error> {
    if options.links == Links::AskedFor {
        source.expect_same_file_system(target)?;
    }
    // What an interrupted command was about to do counts as done, and is.
    if target.is_interrupted()? {
        drop(target.lock_for_writing()?);
    }
    let tested = source.commit(&source.resolve(&options.source)?)?;
    let head = target
        .ref_commit(&options.target)?
        .map(|head| target.commit(&head))
        .transpose()?;
    let release = build::release(target, &tested, head.as_ref(), &options)?;
    let plan = PromotePlan {
        source,
        target,
        options,
        tested,
        head,
        release,
    };
    if !plan.is_done() {
        Error::refuse_any(plan.objections()?)?;
    }
    Ok(plan)
}

impl PromotePlan<'_> {
    /// Tells whether the head of the release ref is this promotion already.
    pub fn is_done(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.checksum() == self.release.checksum())
    }

    /// Returns the tested commit, as it was resolved.
    pub fn source_commit(&self) -> Checksum {
        self.tested.checksum()
    }

    /// Runs a gate on the tested commit; any end but success refuses the promotion.
    ///
    /// **Run it before any secret key is opened.**
    pub fn gate(&self, command: &str) -> Result<(), Error> {
        let commit = self.tested.checksum().to_string();
        let target = self.options.target.to_string();
        let version = self.release.version().unwrap_or_default().to_owned();
        gate::run(
            command,
            &[
                ("AIRLOCK_COMMIT", OsStr::new(&commit)),
                ("AIRLOCK_SOURCE", OsStr::new(&self.options.source)),
                ("AIRLOCK_REPO", self.source.path().as_os_str()),
                ("AIRLOCK_REF", OsStr::new(&target)),
                ("AIRLOCK_TARGET_REPO", self.target.path().as_os_str()),
                ("AIRLOCK_VERSION", OsStr::new(&version)),
            ],
        )
    }

    /// Copies, signs and publishes.
    pub fn execute(
        self,
        signing: Signing<'_>,
        observer: &dyn Observer,
    ) -> Result<PromoteOutcome, Error> {
        if self.is_done() {
            return Ok(self.outcome(Vec::new(), Copied::default(), None));
        }
        let (_lock, _) = self.target.lock_for_writing()?;
        self.target.ensure_id()?;
        let tx = Transaction::begin(self.target)?;
        let copied = self.copy(&tx, observer)?;
        let commit = tx.write_metadata(ObjectKind::Commit, self.release.bytes())?;
        let signers = seal_commit(&tx, &commit, self.commitmeta()?, signing, self.options.now)?;
        let name = &self.options.target;
        tx.expect_ref(name, self.head.as_ref().map(Encoded::checksum));
        tx.set_ref(name, Some(commit));
        let moved = BTreeMap::from([(name.clone(), Some(commit))]);
        let summary = renew_summary(
            &tx,
            &moved,
            signing,
            self.options.unsigned,
            self.options.now,
        )?;
        tx.append_journal(journal::next(
            self.target,
            self.entry(&signers),
            self.options.now,
        )?);
        tx.publish(observer)?;
        self.target.reindex_deltas()?;
        Ok(self.outcome(signers, copied, Some(summary)))
    }

    /// Copies what the target lacks of the tested commit.
    fn copy(&self, tx: &Transaction<'_>, observer: &dyn Observer) -> Result<Copied, Error> {
        if same_repository(self.source, self.target) {
            return Ok(Copied::default());
        }
        let (tested, links) = (self.tested.checksum(), self.options.links);
        copy_objects(self.source, tx, &tested, links, observer)
    }

    /// The detached metadata that the release commit starts with: only the very same commit brings its own.
    fn commitmeta(&self) -> Result<Metadata, Error> {
        let commit = self.release.checksum();
        let here = self.target.commitmeta(&commit)?;
        Ok(match self.options.form {
            Form::SameCommit if here.is_empty() => self.source.commitmeta(&commit)?,
            _ => here,
        })
    }

    fn objections(&self) -> Result<Vec<Finding>, Error> {
        let commit = self.tested.checksum();
        let mut findings =
            build::objections(self.target, &self.tested, self.head.as_ref(), &self.options);
        if let Some(entry) = self.target.refs()?.get(&self.options.target)
            && let Some(alias_of) = &entry.alias_of
        {
            findings.push(Finding::Alias {
                name: self.options.target.clone(),
                alias_of: alias_of.clone(),
            });
        }
        if !walk::is_complete(self.source, &commit)? {
            findings.push(Finding::Partial { commit });
        }
        Ok(findings)
    }

    fn entry(&self, signers: &[Fingerprint]) -> Entry {
        let from = self.head.as_ref().map(Encoded::checksum);
        let to = Some(self.release.checksum());
        let was = match self.options.verb {
            Verb::Rollback => "the tree of",
            _ => "tested as",
        };
        Entry {
            refs: BTreeMap::from([(self.options.target.clone(), Move { from, to })]),
            signers: signers.to_vec(),
            note: Some(format!("{was} {}", self.tested.checksum())),
            ..Entry::new(self.options.verb)
        }
    }

    fn outcome(
        &self,
        signers: Vec<Fingerprint>,
        copied: Copied,
        summary: Option<RenewedSummary>,
    ) -> PromoteOutcome {
        PromoteOutcome {
            name: self.options.target.clone(),
            commit: self.release.checksum(),
            source: self.tested.checksum(),
            parent: self.release.parent,
            version: self.release.version().map(str::to_owned),
            changed: summary.is_some(),
            signers,
            copied,
            summary,
        }
    }
}

fn same_repository(a: &Repo, b: &Repo) -> bool {
    let real = |repo: &Repo| repo.path().canonicalize().ok();
    real(a).is_some() && real(a) == real(b)
}
