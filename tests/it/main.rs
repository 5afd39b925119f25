//! Tests of the library, one binary.
mod format;
mod manifest;
mod openpgp;
mod repo;
mod policy;
mod trust;
