//! Reading a bundle: the only door in.
//!
//! ```text
//! Bundle            manifest bytes and signatures were read, nothing else
//!   │ verify_with   the caller judges the signatures over the exact bytes, and the policy
//!   ▼
//! VerifiedBundle    every member is there, every volume recognised
//!   │ stream        one read: chunk digest ▸ zstd under the declared size ▸ pack ▸ object checksum
//!   ▼
//! PayloadSink       sees nothing that was not checked
//! ```

mod arrange;
mod chunks;
mod deal;
mod dir;
mod engine;
mod error;
mod fault;
mod front;
mod gate;
mod large;
mod layout;
mod medium;
mod open;
mod pack;
mod recognise;
mod sink;
mod spare;
mod trust;
mod unpack;
mod ustar;
mod verified;
mod volumes;
mod worker;

pub use arrange::arrange;
pub use error::{Place, ReadError};
pub use fault::{PackFault, TarFault, TreeFault, VolumeFault};
pub use front::MAX_SIGNATURES;
pub use large::LargeFilez;
pub use sink::{FilezObject, PayloadSink, StreamError};
pub use unpack::MAX_WINDOW_LOG;
pub use verified::{Bundle, VerifiedBundle};
