//! Tests of the library, one binary.
mod bundle_read;
mod format;
mod handmade;
mod manifest;
mod openpgp;
mod policy;
mod repo;
mod trust;
