//! Tests of the library, one binary.
