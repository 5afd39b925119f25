//! Trust that changes hands: A, then B, then C, each signed by the ones before and by its own.

mod fleet;
mod follow;
mod make;
mod state;
mod travel;
