//! A repository on disk; the only room that knows its paths.
//!
//! ```text
//! Repo::open ─┬─ config    what the repository is: mode, collection, locking, fsync
//!             ├─ objects   has, size, metadata, files: every mode is read
//!             ├─ refs      heads, remotes, mirrors, aliases; resolve
//!             ├─ walk      from commits to all they need
//!             ├─ transaction ─▸ publish ─▸ redo    the only way anything is written
//!             ├─ summary   which refs there are, as a client reads it
//!             ├─ fsck      every object, tree and ref
//!             ├─ lock      libostree's lock, and airlock's own
//!             └─ extension airlock's files beneath extensions/airlock
//! ```

mod check;
mod config;
mod delta_index;
mod delta_stage;
mod delta_store;
mod disk;
mod durable;
mod error;
mod extension;
mod file;
mod fsck;
mod init;
mod keyfile;
mod listing;
mod lock;
mod mode;
mod objects;
mod owner;
mod paths;
mod prune;
mod publish;
mod redo;
mod ref_write;
mod refs;
mod repository;
mod reserve;
mod resolve;
mod spent;
mod spread;
mod stage;
mod store;
pub mod summary;
mod transaction;
mod visible;
pub mod walk;
mod xattrs;

pub use config::{Config, MinFreeSpace};
pub use delta_stage::DeltaStage;
pub use error::{ConfigFault, RepoError};
pub use file::FileObject;
pub use fsck::{FsckFinding, FsckOptions, FsckReport, Survey, Wanted, Where, fsck};
pub use init::InitOptions;
pub use keyfile::{KeyFile, KeyFileError};
pub use lock::{AirlockLock, RepoLock};
pub use mode::{Mode, UnknownMode};
pub use paths::RefPlace;
pub use prune::PrunePlan;
pub use publish::Published;
pub use redo::RolledForward;
pub use refs::RefEntry;
pub use repository::Repo;
pub use transaction::{MAX_WHOLE, SummaryPair, Transaction};
pub use walk::ObjectSource;
pub use xattrs::{RawXattr, read_xattrs, read_xattrs_at};
