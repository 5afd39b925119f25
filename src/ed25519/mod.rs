//! Ed25519 signatures as libostree's sign API makes and checks them, for clients that use `sign-verify`.
//!
//! ```text
//! commitmeta, summary.sig   {"ostree.sign.ed25519": [64 bytes, …]}   over the very bytes (RFC 8032, pure)
//! public key file           base64 of 32 bytes, one key to a line    /etc/ostree/trusted.ed25519.d/*
//! secret key file           base64 of 64 bytes: seed ‖ public        `ostree sign --keys-file`
//! ```
//!
//! Such a key has no name, no expiry and no revocation: it is good for as long as its line stands in
//! a file. So it never counts for a threshold of a policy; certificates do.

mod error;
mod key;
mod verify;

pub use error::Ed25519Error;
pub use key::{PublicKey, SecretKey, read_public_keys, read_secret_keys};
pub use verify::{SIGNATURE_LENGTH, Verdict, verify, would_block};
