//! Judges Ed25519 signatures: which of these keys made which of them.

use ed25519_dalek::Signature;
use serde::Serialize;

use super::key::PublicKey;

/// How many bytes a signature has.
pub const SIGNATURE_LENGTH: usize = 64;

/// What one signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// One of the keys made it.
    Good {
        /// That key.
        key: PublicKey,
    },
    /// None of the keys made it over these bytes.
    Unknown,
    /// It has not the length of a signature; stock clients give up on it.
    WrongLength {
        /// How many bytes it has.
        length: usize,
    },
}

/// Judges signatures over `data`, each for itself, by the strict rules of RFC 8032.
pub fn verify(data: &[u8], signatures: &[Vec<u8>], keys: &[PublicKey]) -> Vec<Verdict> {
    let judge = |bytes: &Vec<u8>| {
        let Ok(signature) = Signature::from_slice(bytes) else {
            let length = bytes.len();
            return Verdict::WrongLength { length };
        };
        let made = |key: &&PublicKey| key.0.verify_strict(data, &signature).is_ok();
        match keys.iter().find(made) {
            Some(&key) => Verdict::Good { key },
            None => Verdict::Unknown,
        }
    };
    signatures.iter().map(judge).collect()
}

/// Tells whether stock clients would refuse the list: none is good, or one before it has the wrong length.
pub fn would_block(verdicts: &[Verdict]) -> bool {
    let decisive = |verdict: &&Verdict| !matches!(verdict, Verdict::Unknown);
    !matches!(verdicts.iter().find(decisive), Some(Verdict::Good { .. }))
}
