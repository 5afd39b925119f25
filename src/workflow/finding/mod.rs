//! Every reason to refuse, each one a value: its Display is the sentence for people, its JSON the
//! record for machines, its name what a test expects.

mod back;
mod promotion;
mod record;
mod words;

use serde::Serialize;

use super::policy::Role;
use super::{Subject, TrustFinding};
use crate::format::{Checksum, CollectionId, ObjectName, RefName};
use crate::openpgp::{Fingerprint, RejectedSignature};
pub use back::BackFinding;
pub use promotion::PromotionFinding;
pub use record::RecordFinding;

use words::{DAY, ago, list, list_of, show};

/// One reason to refuse. Several may hold at once, and all are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum Finding {
    // ── signatures ──
    /// There is no signature at all.
    #[error("{subject} is not signed")]
    Unsigned {
        /// What should have been signed.
        subject: Subject,
    },
    /// Fewer distinct certificates signed than the policy wants.
    #[error("{subject} needs {needed} trusted signature(s), and {} count(s)", signers.len())]
    TooFewSigners {
        /// What should have been signed.
        subject: Subject,
        /// How many distinct certificates must sign.
        needed: usize,
        /// Those that did, and may.
        signers: Vec<Fingerprint>,
        /// Those whose signature is good but who may not sign this.
        others: Vec<Fingerprint>,
        /// The signatures that do not count, and why.
        rejected: Vec<RejectedSignature>,
    },
    /// Stock clients stop at a signature of the list and never see the good one behind it.
    #[error("a stock client refuses {subject} because of signature {}: {}", rejected.index, rejected.reason)]
    BlocksStockClients {
        /// What is signed.
        subject: Subject,
        /// The signature they stop at.
        rejected: RejectedSignature,
    },
    /// A client with the Ed25519 keys of the trust directory finds no signature that it accepts.
    #[error("a client with sign-verify refuses {subject}: no ed25519 signature it accepts")]
    Ed25519Refused {
        /// What should have been signed.
        subject: Subject,
    },
    /// A signature that was made elsewhere is not one that counts over these bytes.
    #[error("a signature handed in does not count for {subject}")]
    SignatureNotAdded {
        /// What it should have signed.
        subject: Subject,
        /// The signature.
        rejected: RejectedSignature,
    },
    /// The signature is good, and its maker may not sign this.
    #[error("{certificate} may not sign {subject}")]
    MayNotSign {
        /// What was signed.
        subject: Subject,
        /// Who signed.
        certificate: Fingerprint,
    },
    // ── policy ──
    /// The policy does not list this role.
    #[error("the policy lets nobody sign for the role {role}")]
    RoleNotListed {
        /// The role.
        role: Role,
    },
    /// No rule of the policy allows this ref.
    #[error("the policy has no {role} rule for the ref {name}")]
    RefNotAllowed {
        /// The role whose rules were asked.
        role: Role,
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
    },
    /// The policy wants another collection.
    #[error("the policy wants collection {wanted}, this is {}", show(found))]
    CollectionNotAllowed {
        /// The collection in the policy.
        wanted: CollectionId,
        /// The collection found.
        found: Option<CollectionId>,
    },
    /// The statement has expired.
    #[error("{subject} expired {}", ago(*expires, *now))]
    Expired {
        /// What expired.
        subject: Subject,
        /// When, in UNIX seconds.
        expires: u64,
        /// The time it was judged at.
        now: u64,
    },
    /// The policy wants an expiry, and there is none.
    #[error("the policy wants {subject} to expire, and it does not")]
    ExpiryMissing {
        /// What has no expiry.
        subject: Subject,
    },
    /// The statement is older than the policy allows.
    #[error("{subject} was made {}, the policy allows {} days", ago(*created, *now), max_age / DAY)]
    TooOld {
        /// What is too old.
        subject: Subject,
        /// When it was made, in UNIX seconds.
        created: u64,
        /// The oldest age allowed, in seconds.
        max_age: u64,
        /// The time it was judged at.
        now: u64,
    },
    // ── order of time ──
    /// A bundle's sequence number is not above the last one accepted.
    #[error("sequence {sequence} of {name} is not above {accepted}, which was accepted before")]
    Replayed {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The bundle's number.
        sequence: u64,
        /// The last one accepted.
        accepted: u64,
    },
    /// A statement is dated so far ahead that accepting it would lock later ones out.
    #[error("{subject} is dated ahead of every clock known here ({stated} > {limit})")]
    FromTheFuture {
        /// What is dated ahead.
        subject: Subject,
        /// The date or sequence stated.
        stated: u64,
        /// The latest that is accepted.
        limit: u64,
    },
    /// A ref would move to an older commit.
    #[error("{name} would go back: its commit is of {current}, this one of {offered}")]
    Downgrade {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The timestamp of the commit it has.
        current: u64,
        /// The timestamp of the commit offered.
        offered: u64,
    },
    /// The summary would go back in time.
    #[error("the summary would go back from {current} to {offered}")]
    SummaryOlder {
        /// When the present one was made.
        current: u64,
        /// When the offered one was made.
        offered: u64,
    },
    // ── identity ──
    /// The bundle comes from another repository than the ones before.
    #[error("the bundle comes from repository {found}; this site follows {pinned}")]
    OtherRepository {
        /// The repository this site follows.
        pinned: String,
        /// The repository in the manifest.
        found: String,
    },
    /// The bundle belongs to another collection than the repository.
    #[error(
        "the bundle belongs to collection {}; the repository to {}",
        show(found),
        show(wanted)
    )]
    OtherCollection {
        /// The repository's collection.
        wanted: Option<CollectionId>,
        /// The bundle's collection.
        found: Option<CollectionId>,
    },
    /// The commit does not bind the ref it is published under: clients refuse it.
    #[error(
        "commit {commit} does not bind the ref {name}; it binds {}",
        list(bindings)
    )]
    NotBound {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit.
        commit: Checksum,
        /// The refs it binds.
        bindings: Vec<String>,
    },
    /// The commit binds no ref at all: clients accept it under any.
    #[error("commit {commit} binds no ref: clients would accept it under any")]
    Unbound {
        /// The commit.
        commit: Checksum,
    },
    /// Two statements that must agree do not.
    #[error("{what} does not agree with the manifest: {found} instead of {stated}")]
    Contradiction {
        /// What was compared, as "the commit's timestamp".
        what: String,
        /// What the manifest states.
        stated: String,
        /// What was found.
        found: String,
    },
    /// The summary lists other refs than the bundle announces.
    #[error("the summary and the bundle disagree about {}", list(refs))]
    SummaryRefs {
        /// The refs on which they differ.
        refs: Vec<String>,
    },
    // ── the content ──
    /// A release that needs nothing at the target does not bring everything.
    #[error("commit {commit} is not complete: {missing} object(s) are missing, as {example}")]
    Incomplete {
        /// The commit.
        commit: Checksum,
        /// How many objects are missing.
        missing: u64,
        /// One of them.
        example: ObjectName,
    },
    /// Objects travel that do not belong to the release they travel with.
    #[error("{count} object(s) do not belong to the release of {name}, as {example}")]
    Stray {
        /// The ref of the release.
        #[serde(rename = "ref")]
        name: RefName,
        /// How many there are.
        count: u64,
        /// One of them.
        example: ObjectName,
    },
    // ── the repository ──
    /// None of the commits that the bundle builds on is here and complete.
    #[error("{name} needs one of the commits {} here, complete", list_of(any_of))]
    BaseMissing {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// Any one of these would do.
        any_of: Vec<Checksum>,
    },
    /// A commit is here, but not all of its objects.
    #[error("commit {commit} is incomplete")]
    Partial {
        /// The commit.
        commit: Checksum,
    },
    /// The ref is another name of a ref.
    #[error("{name} is only another name of {alias_of}")]
    Alias {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The ref it stands for.
        alias_of: RefName,
    },
    /// The repository has refs that the signed summary does not list, so clients would not find them.
    #[error(
        "the signed summary does not list {}, which the repository has",
        list(refs)
    )]
    UnlistedRefs {
        /// The refs.
        refs: Vec<String>,
    },
    /// The signed summary names deltas that are not here, or there are deltas it does not name.
    #[error(
        "the signed summary and the deltas of the repository differ: missing {}, not listed {}",
        list(missing),
        list(unlisted)
    )]
    SummaryDeltas {
        /// Listed, and not here as they are listed.
        missing: Vec<String>,
        /// Here, and not listed.
        unlisted: Vec<String>,
    },
    /// Static deltas made here would not be found: the signed summary lists its own, or has no index.
    #[error("the signed summary would not let clients find static deltas that are made here")]
    DeltasNotListed,
    /// Something changed between judging and publishing.
    #[error("{what} changed while this was under way")]
    Changed {
        /// What changed.
        what: String,
    },
    /// The repository makes summaries on its own, which would replace the signed one.
    #[error("the repository's configuration has {key}=true, which would replace a signed summary")]
    AutoUpdateSummary {
        /// The key.
        key: String,
    },
    /// The summary is signed, and the new one would not be.
    #[error("the summary is signed, and the new one would not be")]
    SummaryWouldLoseSignature,
    /// There is no summary.
    #[error("the repository has no summary")]
    NoSummary,
    /// No signed summary was kept.
    #[error("no signed summary was ever published here by airlock")]
    NothingKept,
    /// The kept summary lists other refs than the repository has.
    #[error("the kept summary and the repository disagree about {}", list(refs))]
    KeptSummaryRefs {
        /// The refs on which they differ.
        refs: Vec<String>,
    },
    /// A Flatpak repository: its summaries hold what airlock does not write.
    #[error("this is a Flatpak repository ({found}), which airlock does not write to")]
    FlatpakRepository {
        /// What gives it away.
        found: String,
    },
    /// There is not enough space.
    #[error("{needed} bytes are needed and {available} are free")]
    NoSpace {
        /// How many bytes are needed.
        needed: u64,
        /// How many are free.
        available: u64,
    },
    /// The repository cannot be written to.
    #[error("the repository cannot be written to")]
    ReadOnly,
    // ── export ──
    /// A signing key expires before what it signs does.
    #[error("the key {certificate} expires before {subject} does")]
    KeyExpiresFirst {
        /// What is to be signed.
        subject: Subject,
        /// The signer.
        certificate: Fingerprint,
    },
    // ── groups in files of their own; each names itself in JSON ──
    /// Something does not go back.
    #[error(transparent)]
    #[serde(untagged)]
    Back(#[from] BackFinding),
    /// A promotion does not come about.
    #[error(transparent)]
    #[serde(untagged)]
    Promotion(#[from] PromotionFinding),
    /// What the site knows of its past is not whole.
    #[error(transparent)]
    #[serde(untagged)]
    Record(#[from] RecordFinding),
    /// A version of the trust is not taken.
    #[error(transparent)]
    #[serde(untagged)]
    Trust(#[from] TrustFinding),
}
