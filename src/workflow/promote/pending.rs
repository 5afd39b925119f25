//! Promotions that wait for signatures made elsewhere: the commit is stored, and no ref has moved.
//!
//! ```text
//! prepare  commit stored, unsigned or signed in part; remembered below; the bytes go out
//! attach   signatures checked and added; once the `commit` threshold is met, and if the ref is
//!          still the parent, the ref moves, and the promotion is forgotten
//!
//! extensions/airlock/pending.json
//! {"COMMIT":{"ref":"os/stable","parent":COMMIT|null,"source":COMMIT,"prepared":1700000000}}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PromotePlan, build};
use crate::Observer;
use crate::format::{Checksum, Encoded, ObjectKind, RefName};
use crate::openpgp::Fingerprint;
use crate::repo::{Repo, Transaction};
use crate::workflow::error::Error;
use crate::workflow::journal::{self, Entry, Verb};
use crate::workflow::promote::Copied;
use crate::workflow::seal::{Signing, seal_commit};

const FILE: &str = "pending.json";

/// A promotion that waits for signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pending {
    /// The release ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The commit that the ref had; it must have it still when the promotion is finished.
    pub parent: Option<Checksum>,
    /// The tested commit.
    pub source: Checksum,
    /// When it was prepared, in UNIX seconds.
    pub prepared: u64,
}

/// Returns the promotions that wait for signatures, by the commit they would publish.
pub fn pending(repo: &Repo) -> Result<BTreeMap<Checksum, Pending>, Error> {
    let Some(bytes) = repo.read_extension(FILE)? else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_slice(&bytes).map_err(|source| Error::Record { file: FILE, source })
}

/// Stages what waits from now on.
pub(super) fn store(tx: &Transaction<'_>, waiting: &BTreeMap<Checksum, Pending>) {
    let bytes = serde_json::to_vec(waiting).expect("plain fields");
    tx.write_state(FILE, bytes, 0o644);
}

/// A promotion that was prepared.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Prepared {
    /// The release ref, which has not moved.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The release commit.
    pub commit: Checksum,
    /// The tested commit.
    pub source: Checksum,
    /// The commit that the ref has.
    pub parent: Option<Checksum>,
    /// Whether anything was stored; if not, it had been prepared or promoted before.
    pub changed: bool,
    /// Who signed the release commit now.
    pub signers: Vec<Fingerprint>,
    /// What was copied from the other repository.
    pub copied: Copied,
    /// The bytes that are to be signed.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl PromotePlan<'_> {
    /// Stores the release commit and remembers the promotion; no ref moves.
    ///
    /// The same promotion prepared again is the same commit, as long as the ref stays.
    pub fn prepare(
        mut self,
        signing: Signing<'_>,
        observer: &dyn Observer,
    ) -> Result<Prepared, Error> {
        if self.is_done() {
            return Ok(self.prepared(false, Vec::new(), Copied::default()));
        }
        let (_lock, _) = self.target.lock_for_writing()?;
        self.target.ensure_id()?;
        let mut waiting = pending(self.target)?;
        self.take_up(&waiting)?;
        let commit = self.release.checksum();
        let known = waiting.contains_key(&commit);
        let tx = Transaction::begin(self.target)?;
        let copied = match known {
            true => Copied::default(),
            false => self.copy(&tx, observer)?,
        };
        tx.write_metadata(ObjectKind::Commit, self.release.bytes())?;
        let now = self.options.now;
        let signed = seal_commit(&tx, &commit, self.commitmeta()?, signing, now)?;
        let name = &self.options.target;
        tx.expect_ref(name, self.head.as_ref().map(Encoded::checksum));
        if !known {
            let pending = Pending {
                name: name.clone(),
                parent: self.head.as_ref().map(Encoded::checksum),
                source: self.tested.checksum(),
                prepared: now,
            };
            waiting.insert(commit, pending);
            store(&tx, &waiting);
        }
        let changed = !known || !signed.is_empty();
        if changed {
            let entry = Entry {
                signers: signed.clone(),
                note: Some(format!("prepared {commit} for {name}; no ref moved")),
                ..Entry::new(Verb::Promote)
            };
            tx.append_journal(journal::next(self.target, entry, now)?);
            tx.publish(observer)?;
        }
        Ok(self.prepared(changed, signed, copied))
    }

    /// Takes the commit of an earlier preparation, if that is this promotion but for its timestamp.
    fn take_up(&mut self, waiting: &BTreeMap<Checksum, Pending>) -> Result<(), Error> {
        let head = self.head.as_ref().map(Encoded::checksum);
        let same = |pending: &Pending| {
            pending.name == self.options.target
                && pending.parent == head
                && pending.source == self.tested.checksum()
        };
        for (earlier, _) in waiting.iter().filter(|(_, pending)| same(pending)) {
            let Some(timestamp) = self.target.commit(earlier).ok().map(|at| at.timestamp) else {
                continue;
            };
            let mut options = self.options.clone();
            options.timestamp = options.timestamp.or(Some(timestamp));
            let again = build::release(self.target, &self.tested, self.head.as_ref(), &options)?;
            if again.checksum() == *earlier {
                self.release = again;
                break;
            }
        }
        Ok(())
    }

    fn prepared(self, changed: bool, signers: Vec<Fingerprint>, copied: Copied) -> Prepared {
        Prepared {
            commit: self.release.checksum(),
            source: self.tested.checksum(),
            parent: self.release.parent,
            name: self.options.target,
            changed,
            signers,
            copied,
            bytes: self.release.into_bytes(),
        }
    }
}
