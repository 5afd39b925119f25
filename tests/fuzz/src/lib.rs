//! The bodies of the fuzz targets, out of airlock's own tests.

#[path = "../../it/handmade.rs"]
#[allow(dead_code, reason = "the tests make more with it")]
mod handmade;
#[path = "../../it/fuzz/targets/mod.rs"]
mod targets;

pub use targets::run;
