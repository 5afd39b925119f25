//! The one verification function of the program: which certificates signed these bytes, judged at `now`.
//!
//! ```text
//! packet ─▶ v4? type 0x00? names a maker? ─▶ a certificate here holds the key ─▶ bytes match
//!        ─▶ digest strong, not from the future, not expired ─▶ certificate valid, alive, not revoked
//!        ─▶ key bound, alive, not revoked, for signing ─▶ good, for that certificate
//! ```
//!
//! Sequoia's own verifier judges expiry and soft revocation at the moment of signing, which the
//! signer chooses. GnuPG and libostree judge them at the moment of verification, and so do we.
//! Like GnuPG, any revocation counts, whatever its date and reason.

use std::collections::BTreeSet;

use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::{Cert, KeyHandle};
use serde::Serialize;

use super::armor::split_signatures;
use super::fingerprint::Fingerprint;
use super::judge::{check_form, judge_key, parse};
use super::keyring::Keyring;
use super::reason::Reason;
use super::stock::{Effect, effect};

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GoodSignature {
    /// Which of the given signatures it is, from 0.
    pub index: usize,
    /// The certificate that signed; this is what is counted.
    pub cert: Fingerprint,
    /// The key of that certificate that made it.
    pub key: Fingerprint,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// The certificate's first user ID, as it stands there; whoever shows it cleans it.
    pub user_id: Option<String>,
}

/// A signature that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RejectedSignature {
    /// Which of the given signatures it is, from 0.
    pub index: usize,
    /// The key that made it, as far as the signature says so: a fingerprint or a key ID.
    pub issuer: Option<String>,
    /// Why it does not count.
    #[serde(flatten)]
    pub reason: Reason,
}

/// What [`Keyring::verify`] found. It decides nothing: policy asks how many certificates are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[must_use]
pub struct Verification {
    /// The signatures that count.
    pub good: Vec<GoodSignature>,
    /// The signatures that do not.
    pub rejected: Vec<RejectedSignature>,
    /// Which of `rejected` makes stock clients refuse the whole list.
    #[serde(skip)]
    blocker: Option<usize>,
}

impl Verification {
    /// Returns the distinct certificates that signed.
    pub fn signers(&self) -> BTreeSet<Fingerprint> {
        self.good.iter().map(|good| good.cert.clone()).collect()
    }

    /// Returns the signature that makes stock clients refuse the whole list, if there is one.
    ///
    /// GnuPG in batch mode stops at the first signature that does not match the bytes, has expired
    /// or is of a kind that it does not check, so a good one behind it is never looked at; bytes
    /// that are no signature, and armor behind binary, fail it altogether. Dropping that signature
    /// mends the list.
    pub fn blocks_stock_clients(&self) -> Option<&RejectedSignature> {
        self.rejected.get(self.blocker?)
    }

    fn reject(&mut self, index: usize, signature: Option<&Signature>, reason: Reason) {
        let blocks = match effect(signature, &reason) {
            Effect::Breaks => true,
            Effect::Stops => self.good.is_empty(),
            Effect::None => false,
        };
        if self.blocker.is_none() && blocks {
            self.blocker = Some(self.rejected.len());
        }
        let issuers = signature.map(Signature::get_issuers).unwrap_or_default();
        let issuer = issuers.first().map(KeyHandle::to_string);
        self.rejected.push(RejectedSignature {
            index,
            issuer,
            reason,
        });
    }
}

/// Returns who a signature says made it, as fingerprints or key IDs in hexadecimal; nothing is verified.
pub fn issuers(signature: &[u8]) -> Vec<String> {
    let packets = split_signatures(signature).unwrap_or_default();
    let parsed = packets.iter().filter_map(|packet| parse(packet).ok());
    parsed
        .flat_map(|signature| signature.get_issuers())
        .map(|issuer| format!("{issuer:X}"))
        .collect()
}

impl Keyring {
    /// Judges detached signatures over `data` at the time `now`, in UNIX seconds.
    ///
    /// Each element of `signatures` holds one signature, binary or armored; several in one element
    /// are each judged. One signature counts for one certificate at most.
    pub fn verify(&self, data: &[u8], signatures: &[Vec<u8>], now: u64) -> Verification {
        let mut verification = Verification::default();
        for (index, bytes) in signatures.iter().enumerate() {
            let armored = bytes.first().is_some_and(|first| first & 0x80 == 0);
            if index > 0 && armored {
                verification.reject(index, None, Reason::Armored);
                continue;
            }
            let packets = split_signatures(bytes).unwrap_or_default();
            if packets.is_empty() && !bytes.is_empty() {
                verification.reject(index, None, Reason::Malformed);
            }
            for packet in packets {
                let signature = match parse(&packet) {
                    Ok(signature) => signature,
                    Err(reason) => {
                        verification.reject(index, None, reason);
                        continue;
                    }
                };
                match self.judge(data, &signature, now) {
                    Ok(good) => verification.good.push(GoodSignature { index, ..good }),
                    Err(reason) => verification.reject(index, Some(&signature), reason),
                }
            }
        }
        verification
    }

    fn judge(&self, data: &[u8], signature: &Signature, now: u64) -> Result<GoodSignature, Reason> {
        let issuers = signature.get_issuers();
        check_form(signature, &issuers)?;
        let mut why = Reason::UnknownKey;
        for handle in &issuers {
            for (fingerprint, cert) in self.holders(handle) {
                for key in cert
                    .keys()
                    .filter(|ka| ka.key().key_handle().aliases(handle))
                {
                    match judge_key(data, signature, cert, &key, now) {
                        Ok(created) => return Ok(good(fingerprint, cert, &key, created)),
                        // Prefer the reason of a key that did make the signature.
                        Err(reason) if matches!(why, Reason::UnknownKey | Reason::Bad) => {
                            why = reason
                        }
                        Err(_) => {}
                    }
                }
            }
        }
        Err(why)
    }
}

fn good(
    fingerprint: &Fingerprint,
    cert: &Cert,
    key: &ErasedKeyAmalgamation<PublicParts>,
    created: u64,
) -> GoodSignature {
    let user_id = cert
        .userids()
        .next()
        .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned());
    GoodSignature {
        index: 0,
        cert: fingerprint.clone(),
        key: key.key().fingerprint().into(),
        created,
        user_id,
    }
}
