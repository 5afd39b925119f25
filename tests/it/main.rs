//! Tests of the library, one binary.
mod format;
mod openpgp;
mod repo;
mod policy;
mod trust;
