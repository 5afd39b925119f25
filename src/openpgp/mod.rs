//! OpenPGP: certificates in, verdicts out; data in, signatures out. The only room that names sequoia.
//!
//! ```text
//! certificate files ─▶ Keyring ─┐
//!                               ├─▶ verify(data, signatures, now) ─▶ Verification { good, rejected }
//! signature packets ────────────┘
//! data, now ─▶ FileSigner | GpgSigner ─▶ one binary packet: v4, type 0x00, SHA-512, judged by verify first
//! ```
//!
//! Certificates are counted by their primary fingerprint, never signatures or subkeys.

mod agent;
mod armor;
mod error;
mod fingerprint;
mod generate;
mod info;
mod inspect;
mod judge;
mod keyring;
mod reason;
mod sign;
mod stock;
mod time;
mod verify;
mod weakness;

pub use agent::{GpgOptions, GpgSigner};
pub use armor::{MAX_SIGNATURE_BYTES, MAX_SIGNATURE_PACKETS, armor_signatures, split_signatures};
pub use error::OpenPgpError;
pub use fingerprint::Fingerprint;
pub use generate::{GenerateOptions, GeneratedKey, generate};
pub use info::{CertInfo, KeyInfo};
pub use inspect::{KeyFileEntry, SecretState, inspect};
pub use keyring::{Keyring, MAX_KEYRING_BYTES};
pub use reason::Reason;
pub use sign::{FileSigner, Signer};
pub use verify::{GoodSignature, RejectedSignature, Verification, issuers};
pub use weakness::Weakness;
