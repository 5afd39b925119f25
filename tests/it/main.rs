//! Tests of the library, one binary.

mod bench;
mod bundle_read;
mod check;
mod commit;
mod delta;
mod export;
mod fixture;
mod format;
mod handmade;
mod hostile_bundle;
mod house;
mod import;
mod inspect;
mod manifest;
mod openpgp;
mod policy;
mod promote;
mod publish;
mod repo;
mod roundtrip;
mod sign;
mod summary;
mod trust;
mod verify;
mod write;
