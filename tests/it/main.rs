//! Tests of the library, one binary.
mod format;
mod openpgp;
mod repo;
