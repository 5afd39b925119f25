//! What a repository remembers about bundles: the numbers it gave out, and the last ones it accepted.
//!
//! ```text
//! extensions/airlock/
//! ├── sequence.json          the twin: the last sequence number given out, per ref
//! ├── accepted.json          a site: whose bundles it follows, and the last ones it took in
//! ├── accepted.summary       the last summary that was published with signatures,
//! └── accepted.summary.sig   and these: a stray `ostree summary -u` deletes them
//! /var/lib/airlock/
//! └── <repository id>.json   a copy of accepted.json, which survives the loss of the repository
//! ```
//!
//! Of the two records always the greater counts, number by number, so that losing the younger one
//! opens no door. Which is written first decides what a crash between them leaves:
//!
//! ```text
//! staged and complete ─▶ copy ─▶ publish (objects, refs, summary, accepted.json, journal)
//!                            ▲
//!                            crash: the copy has the new numbers, the repository is old. The same bundle
//!                            is taken again, for the copy names it as the last one; an older one is refused
//! ```
//!
//! The other way round, a bundle could be published that the copy knows nothing of: lose the repository
//! then, and it can be replayed. A record that another one, or the journal, says was there and is not,
//! means refusal until [`recover()`] has built it again.

mod accepted;
mod copy;
mod records;
mod recover;
mod sequence;

pub use accepted::Accepted;
pub use copy::{CopyError, RecordCopy};
pub use records::Records;
pub use recover::{RecoverOptions, RecoverOutcome, recover};
pub use sequence::{last_sequence, next_sequence, store_sequence};

use serde::Deserialize;

use super::error::Error;
use crate::repo::Repo;

/// The name under which the last signed summary is kept within `extensions/airlock`.
pub const KEPT_SUMMARY: &str = "accepted.summary";
/// The name under which its signatures are kept.
pub const KEPT_SIGNATURE: &str = "accepted.summary.sig";

fn parse<T: for<'a> Deserialize<'a>>(file: &'static str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Record { file, source })
}

/// The bytes of a summary, and those of its signatures.
pub type KeptSummary = (Vec<u8>, Vec<u8>);

/// Returns the signed summary that was published last, and its signatures.
///
/// Where somebody took the last signature away, an empty file says that there is none any more.
pub fn kept_summary(repo: &Repo) -> Result<Option<KeptSummary>, Error> {
    let summary = repo.read_extension(KEPT_SUMMARY)?;
    let kept = summary.zip(repo.read_extension(KEPT_SIGNATURE)?);
    Ok(kept.filter(|(_, signature)| !signature.is_empty()))
}
