//! Tests of the library, one binary.
mod format;
mod manifest;
mod openpgp;
mod policy;
mod repo;
mod trust;
