//! A repository on disk; the only room that knows its paths.
//!
//! ```text
//! Repo::open ─┬─ config    what the repository is: mode, collection, locking, fsync
//!             ├─ objects   has, size, metadata, files: every mode is read
//!             ├─ refs      heads, remotes, mirrors, aliases; resolve
//!             ├─ lock      libostree's lock, and airlock's own
//!             └─ extension airlock's files beneath extensions/airlock
//! ```

mod config;
mod durable;
mod error;
mod extension;
mod file;
mod init;
mod keyfile;
mod lock;
mod mode;
mod objects;
mod paths;
mod ref_write;
mod refs;
mod repository;
mod resolve;
mod store;
mod xattrs;

pub use config::{Config, MinFreeSpace};
pub use error::{ConfigFault, RepoError};
pub use file::FileObject;
pub use init::InitOptions;
pub use keyfile::{KeyFile, KeyFileError};
pub use lock::{AirlockLock, RepoLock};
pub use mode::{Mode, UnknownMode};
pub use paths::RefPlace;
pub use refs::RefEntry;
pub use repository::Repo;
pub use xattrs::{RawXattr, read_xattrs, read_xattrs_at};
