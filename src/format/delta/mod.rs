//! Static deltas: how libostree writes the way from one commit to another.

mod fault;
mod name;
mod ops;
pub mod varint;

pub use fault::DeltaFault;
pub use name::DeltaName;
pub use ops::{Look, Op, Span};
