//! Adds signatures that were made elsewhere to a commit, and finishes the promotion that waited for them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::pending::{Pending, pending, store};
use crate::Observer;
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName};
use crate::openpgp::{Fingerprint, Reason, split_signatures};
use crate::repo::{Repo, Transaction, walk};
use crate::workflow::attach::Handed;
use crate::workflow::error::Error;
use crate::workflow::finding::{Finding, PromotionFinding};
use crate::workflow::journal::{self, Entry, Move, Verb};
use crate::workflow::policy::Role;
use crate::workflow::seal::{RenewedSummary, Signing, Unsigned, renew_summary};
use crate::workflow::show;
use crate::workflow::subject::Subject;
use crate::workflow::trust::Trust;

/// What was signed elsewhere, and by what it is judged.
#[derive(Clone, Copy)]
pub struct AttachOptions<'a> {
    /// The signatures: what each file holds.
    pub files: &'a [Vec<u8>],
    /// Who may sign.
    pub trust: &'a Trust,
    /// Who signs the summary, should a ref move.
    pub signing: Signing<'a>,
    /// Whether the summary may lose its signature.
    pub unsigned: Unsigned,
    /// The present time, in UNIX seconds.
    pub now: u64,
}

/// What became of signatures that were made elsewhere over a commit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attached {
    /// The commit.
    pub commit: Checksum,
    /// Whose signatures were added.
    pub added: Vec<Fingerprint>,
    /// The release ref whose promotion waited for them.
    #[serde(rename = "ref")]
    pub name: Option<RefName>,
    /// Whether that promotion is finished: the ref has moved.
    pub promoted: bool,
    /// What it is waiting for still.
    pub wanting: Vec<Finding>,
    /// The new summary, if a ref moved.
    pub summary: Option<RenewedSummary>,
}

impl Attached {
    /// Tells whether anything was changed.
    pub fn changed(&self) -> bool {
        self.promoted || !self.added.is_empty()
    }
}

/// Adds signatures to the commit that `revision` names.
pub fn attach(
    repo: &Repo,
    revision: &str,
    options: &AttachOptions<'_>,
    observer: &dyn Observer,
) -> Result<Attached, Error> {
    let commit = repo.commit(&repo.resolve(revision)?)?;
    let asked = revision.parse().ok().filter(|name| {
        let head = repo.ref_commit(name);
        head.is_ok_and(|head| head == Some(commit.checksum()))
    });
    add(repo, commit, asked, options, observer)
}

/// Adds signatures to the prepared promotion that they were made for.
pub fn attach_to_pending(
    repo: &Repo,
    options: &AttachOptions<'_>,
    observer: &dyn Observer,
) -> Result<Attached, Error> {
    let mut packets = Vec::new();
    for file in options.files {
        packets.extend(split_signatures(file)?);
    }
    // Among several the signature tells; if it fits none, the newest one says why.
    let mut waiting: Vec<_> = pending(repo)?.into_iter().collect();
    waiting.sort_by_key(|(_, pending)| pending.prepared);
    let mut newest = None;
    for (id, _) in waiting {
        // Somebody may have pruned it.
        let Ok(commit) = repo.commit(&id) else {
            continue;
        };
        let verdict = options.trust.verify(commit.bytes(), &packets, options.now);
        let fits = |reason: &Reason| !matches!(reason, Reason::Bad | Reason::UnknownKey);
        let made_for_it = !verdict.good.is_empty()
            || verdict
                .rejected
                .iter()
                .any(|rejected| fits(&rejected.reason));
        newest = Some(commit);
        if made_for_it {
            break;
        }
    }
    let commit = newest.ok_or_else(|| Error::refused(PromotionFinding::NothingPending))?;
    add(repo, commit, None, options, observer)
}

fn add(
    repo: &Repo,
    commit: Encoded<Commit>,
    asked: Option<RefName>,
    options: &AttachOptions<'_>,
    observer: &dyn Observer,
) -> Result<Attached, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let id = commit.checksum();
    let mut waiting = pending(repo)?;
    let promotion = waiting.get(&id).cloned();
    let refs = spoken_of(&commit, asked, promotion.as_ref());
    let name = refs.first().cloned();
    let name = name.ok_or_else(|| Error::refused(Finding::Unbound { commit: id }))?;
    let mut metadata = repo.commitmeta(&id)?;
    let mut signatures = metadata.signatures(Metadata::GPGSIGS)?;
    let handed = Handed {
        files: options.files,
        data: commit.bytes(),
        subject: Subject::Commit { name, commit: id },
        role: Role::Commit,
        refs: &refs,
        trust: options.trust,
        now: options.now,
    };
    let mut outcome = Attached {
        commit: id,
        added: Vec::new(),
        name: promotion.as_ref().map(|pending| pending.name.clone()),
        promoted: false,
        wanting: Vec::new(),
        summary: None,
    };
    for one in handed.admit(&signatures)? {
        signatures.push(one.signature);
        outcome.added.push(one.certificate);
    }
    let tx = Transaction::begin(repo)?;
    if !outcome.added.is_empty() {
        metadata.set_signatures(Metadata::GPGSIGS, &signatures);
        tx.stage_commitmeta(&id, &metadata);
    }
    let mut entry = Entry {
        signers: outcome.added.clone(),
        note: Some(format!("commit {id}, signed elsewhere")),
        ..Entry::new(Verb::Sign)
    };
    if let Some(promotion) = promotion {
        still_follows(repo, &id, &promotion)?;
        outcome.wanting = wanting(repo, &commit, &promotion, &signatures, options)?;
        if outcome.wanting.is_empty() {
            outcome.summary = Some(publish_ref(&tx, &id, &promotion, options)?);
            outcome.promoted = true;
            waiting.retain(|_, other| other.name != promotion.name);
            store(&tx, &waiting);
            let (from, to) = (promotion.parent, Some(id));
            entry.verb = Verb::Promote;
            entry.refs = BTreeMap::from([(promotion.name, Move { from, to })]);
            entry.note = Some(format!("tested as {}, signed elsewhere", promotion.source));
        }
    }
    if outcome.changed() {
        tx.append_journal(journal::next(repo, entry, options.now)?);
        tx.publish(observer)?;
    }
    if outcome.promoted {
        repo.reindex_deltas()?;
    }
    Ok(outcome)
}

/// The refs a signature over this commit speaks of.
fn spoken_of(commit: &Commit, asked: Option<RefName>, promotion: Option<&Pending>) -> Vec<RefName> {
    let bound = commit.ref_binding().unwrap_or_default();
    let bound = bound.iter().filter_map(|name| name.parse().ok());
    let promoted = promotion.map(|pending| pending.name.clone());
    promoted.into_iter().chain(asked).chain(bound).collect()
}

fn still_follows(repo: &Repo, commit: &Checksum, promotion: &Pending) -> Result<(), Error> {
    let head = repo.ref_commit(&promotion.name)?;
    match head == promotion.parent {
        true => Ok(()),
        false => Err(Error::refused(PromotionFinding::Overtaken {
            name: promotion.name.clone(),
            commit: *commit,
            head,
        })),
    }
}

/// Collects what the promotion is waiting for still.
fn wanting(
    repo: &Repo,
    commit: &Encoded<Commit>,
    promotion: &Pending,
    signatures: &[Vec<u8>],
    options: &AttachOptions<'_>,
) -> Result<Vec<Finding>, Error> {
    let (trust, now) = (options.trust, options.now);
    let verification = trust.verify(commit.bytes(), signatures, now);
    let refs = std::slice::from_ref(&promotion.name);
    let mut findings = show::judge(repo, trust, commit, &verification, refs, now);
    let id = commit.checksum();
    if let Some(rejected) = verification.blocks_stock_clients() {
        let name = promotion.name.clone();
        findings.push(Finding::BlocksStockClients {
            subject: Subject::Commit { name, commit: id },
            rejected: rejected.clone(),
        });
    }
    if !walk::is_complete(repo, &id)? {
        findings.push(Finding::Partial { commit: id });
    }
    Ok(findings)
}

fn publish_ref(
    tx: &Transaction<'_>,
    commit: &Checksum,
    promotion: &Pending,
    options: &AttachOptions<'_>,
) -> Result<RenewedSummary, Error> {
    tx.expect_ref(&promotion.name, promotion.parent);
    tx.set_ref(&promotion.name, Some(*commit));
    let moved = BTreeMap::from([(promotion.name.clone(), Some(*commit))]);
    renew_summary(tx, &moved, options.signing, options.unsigned, options.now)
}
