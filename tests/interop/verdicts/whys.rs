//! Why airlock's verdict differs from stock ostree's, by the name of the signature.

use std::collections::BTreeMap;

const CURVE: &str = "the cryptography that airlock is built with has not got the curve";
const DIGEST: &str = "a signature over a broken digest can be forged";
const FLAGS: &str = "a key signs data only if all that binds it says so";
const MORE: &str = "what stands in the list must be signatures, and nothing besides";

/// What differs, and why.
const WHYS: &[(&str, &str)] = &[
    ("armor-after-text", MORE),
    ("brainpoolP256r1", CURVE),
    ("brainpoolP384r1", CURVE),
    ("brainpoolP512r1", CURVE),
    ("byte-behind-the-numbers", MORE),
    ("cut", MORE),
    ("digest-ripemd160", DIGEST),
    ("digest-sha1", DIGEST),
    ("dsa1024", DIGEST),
    (
        "future-days",
        "a clock is wrong by more than half an hour, the signer's or this one",
    ),
    ("good-sha1", DIGEST),
    ("inline", MORE),
    ("key-signs-id-certifies", FLAGS),
    ("marker-before", MORE),
    ("older-id-certifies", FLAGS),
    ("primary-without-flags", FLAGS),
    ("rsa1024", "an RSA key of 1024 bits can be factored"),
    ("secp256k1", CURVE),
    (
        "self-signature-expired",
        "nothing that holds today binds the key to anybody",
    ),
    (
        "sha1-self-signature",
        "what a broken digest binds to a key can be forged",
    ),
    (
        "text-mode",
        "a text signature leaves open how the lines of a binary file end",
    ),
    (
        "version-3",
        "version 3 does not cover who made it, and can say nothing critical",
    ),
];

/// Returns the reasons.
pub fn all() -> BTreeMap<&'static str, &'static str> {
    WHYS.iter().copied().collect()
}
