//! Why a file holds no Ed25519 keys.

use crate::Class;

/// Why a file holds no Ed25519 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ed25519Error {
    /// A line is not base64 of a key.
    #[error("line {line} is not the base64 of {expected} bytes")]
    NotAKey {
        /// The line, from 1.
        line: usize,
        /// How many bytes a key of this kind has.
        expected: usize,
    },
    /// A line holds a secret key where public ones are wanted.
    #[error("line {line} holds a secret key, which has no place among public keys")]
    Secret {
        /// The line, from 1.
        line: usize,
    },
    /// The two halves of a secret key do not belong together.
    #[error("the two halves of the secret key in line {line} do not belong together")]
    Halves {
        /// The line, from 1.
        line: usize,
    },
    /// A public key is no key that anyone could have made.
    #[error("line {line} holds no sound public key")]
    Unsound {
        /// The line, from 1.
        line: usize,
    },
    /// There is no key at all.
    #[error("there is no key in it")]
    Empty,
}

impl Ed25519Error {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        Class::Usage
    }
}
