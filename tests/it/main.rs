//! Tests of the library, one binary.
mod openpgp;
mod format;
