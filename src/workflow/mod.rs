//! The verbs. Each is a file: `Options` in, `Outcome` out; and what they share: trust, findings, journal.
//!
//! ```text
//! trust directory ─▶ Trust ─ judge(claim, verification) ─▶ [Finding] ─▶ Error::Refused, or go on
//! ```

mod advice;
mod announced;
mod attach;
mod carried;
mod client_check;
mod client_config;
pub mod commit;
pub mod delta;
mod diff;
mod error;
pub mod export;
mod extract;
mod finding;
mod fsck;
mod gate;
mod import;
mod init;
mod inspect;
pub mod inventory;
pub mod journal;
mod key;
mod log;
pub mod policy;
pub mod promote;
pub mod prune;
pub mod refs;
mod release_check;
mod repair;
mod replace_file;
mod resign;
pub mod rollback;
pub mod rotate;
pub mod seal;
mod show;
mod sidecar;
pub mod sign;
mod sign_bundle;
pub mod sign_ed25519;
mod signatures;
pub mod site;
mod staging;
mod statement;
mod subject;
pub mod summary;
mod trust;
pub mod two_step;
mod verify;

pub use carried::{Carried, Reach};
pub use client_check::{
    CheckedRemote, ClientCheckError, ClientCheckOptions, ClientCheckOutcome, RemoteFinding,
    check_client,
};
pub use client_config::{
    ClientConfigError, ClientConfigOptions, ClientConfigOutcome, client_config,
};
pub use diff::{Change, DiffOutcome, Difference, Thing, diff};
pub use error::Error;
pub use extract::{ExtractError, ExtractOptions, ExtractOutcome, extract};
pub use finding::{BackFinding, Finding, PromotionFinding, RecordFinding};
pub use fsck::{CheckFinding, CheckOptions, CheckOutcome, ServedFault, SummaryFault, check};
pub use import::{
    Deltas, ImportOptions, ImportOutcome, Standing, SummarySource, import, plan_import,
};
pub use init::{InitOutcome, init};
pub use inspect::{InspectOutcome, InspectedMember, InspectedRelease, html, inspect};
pub use key::{KeyError, KeyFiles, NewKey, generate_key};
pub use log::{LogEntry, LogOutcome, log};
pub use policy::{Claim, Role, Tally};
pub use refs::{Existing, RefLine, RefsOutcome};
pub use release_check::{ReleaseCheck, Spine, judge_bundle, spoken_of};
pub use repair::{Left, Mended, ReadBundle, RepairOptions, RepairOutcome, repair};
pub use replace_file::replace_file;
pub use show::{MetadataEntry, ShowOutcome, show};
pub use sidecar::SidecarError;
pub use sign_bundle::{BundleSignatures, sign_bundle, unsign_bundle};
pub use signatures::{
    Named, SignatureReport, Signed, Standing as SignatureStanding, bundle_signatures,
};
pub use statement::{
    BundleStatement, CommitStatement, Document, ListedRef, MAX_STATEMENT, ReleaseStatement,
    Signable, Statement, StatementError, SummaryStatement,
};
pub use subject::Subject;
pub use trust::{
    FirstTrust, StatementFault, Trust, TrustError, TrustFinding, TrustRecord, TrustStatement,
    TrustUpdateOptions, TrustUpdateOutcome, TrustVersion, init_trust, sign_trust, update_trust,
};
pub use verify::{VerifiedRelease, VerifyOptions, VerifyOutcome, verify};
