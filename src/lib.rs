//! The door between a connected network, where OSTree images are composed and tested, and an
//! offline network, where they run.
//!
//! Five storeys; a room uses only rooms on lower storeys, and `tests/it/house.rs` holds that.
//!
//! ```text
//! 4  bin/airlock   the person: arguments, progress, tables
//! 3  workflow      the verbs: promote, export, verify, import ...; policy; journal
//! 2  delta bundle  two formats at work: static deltas, and our own file
//! 1  repo openpgp ed25519   a repository on disk; two kinds of signatures in and out
//! 0  format        bytes and values of everything libostree defines; event, class: the words
//! ```

pub mod bundle;
mod class;
pub mod delta;
pub mod ed25519;
mod event;
pub mod format;
pub mod openpgp;
pub mod repo;
pub mod workflow;

pub use class::Class;
pub use event::{Event, Observer, Silent, Stage, Unit};
