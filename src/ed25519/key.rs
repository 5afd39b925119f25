//! Keys, as lines of base64.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::error::Ed25519Error;

const PUBLIC: usize = 32;
const SECRET: usize = 64;

/// A public key; it is written as its base64, which is all the name it has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(super) VerifyingKey);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A secret key; it is wiped when it is dropped.
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

impl SecretKey {
    /// Returns the public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `data`: 64 bytes.
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        self.0.sign(data).to_bytes().to_vec()
    }
}

/// Reads public keys, one to a line; blank lines are nothing.
pub fn read_public_keys(text: &[u8]) -> Result<Vec<PublicKey>, Ed25519Error> {
    let mut keys = Vec::new();
    for (line, bytes) in lines(text, PUBLIC)? {
        let Ok(bytes) = <[u8; PUBLIC]>::try_from(bytes.as_slice()) else {
            return Err(match bytes.len() {
                SECRET => Ed25519Error::Secret { line },
                _ => Ed25519Error::NotAKey {
                    line,
                    expected: PUBLIC,
                },
            });
        };
        let key = VerifyingKey::from_bytes(&bytes).ok();
        // With a weak key, one signature would do for any data.
        let key = key.filter(|key| !key.is_weak());
        keys.push(PublicKey(key.ok_or(Ed25519Error::Unsound { line })?));
    }
    match keys.is_empty() {
        true => Err(Ed25519Error::Empty),
        false => Ok(keys),
    }
}

/// Reads secret keys, one to a line; blank lines are nothing.
pub fn read_secret_keys(text: &[u8]) -> Result<Vec<SecretKey>, Ed25519Error> {
    let mut keys = Vec::new();
    for (line, bytes) in lines(text, SECRET)? {
        let wrong = Ed25519Error::NotAKey {
            line,
            expected: SECRET,
        };
        let pair: Zeroizing<[u8; SECRET]> =
            Zeroizing::new(bytes.as_slice().try_into().map_err(|_| wrong)?);
        let key = SigningKey::from_keypair_bytes(&pair);
        keys.push(SecretKey(key.map_err(|_| Ed25519Error::Halves { line })?));
    }
    match keys.is_empty() {
        true => Err(Ed25519Error::Empty),
        false => Ok(keys),
    }
}

type Line = (usize, Zeroizing<Vec<u8>>);

/// Decodes the base64 of each line that is not blank.
fn lines(text: &[u8], expected: usize) -> Result<Vec<Line>, Ed25519Error> {
    let mut found = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let (line, text) = (index + 1, line.trim_ascii());
        if !text.is_empty() {
            let bytes = STANDARD.decode(text);
            let bytes = bytes.map_err(|_| Ed25519Error::NotAKey { line, expected })?;
            found.push((line, Zeroizing::new(bytes)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().as_chunks::<2>().0;
        let byte =
            |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.iter().map(byte).collect()
    }

    /// RFC 8032, section 7.1: secret, public, message, signature.
    const RFC_8032: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];

    #[test]
    fn signs_as_the_standard_does() {
        for [seed, public, message, signature] in RFC_8032 {
            let pair = [hex(seed), hex(public)].concat();
            let text = format!("\n{}\n\n", STANDARD.encode(&pair));
            let keys = read_secret_keys(text.as_bytes()).unwrap();
            assert_eq!(keys[0].sign(&hex(message)), hex(signature));
            let text = STANDARD.encode(hex(public));
            let publics = read_public_keys(text.as_bytes()).unwrap();
            assert_eq!(publics, [keys[0].public()]);
            assert_eq!(publics[0].to_string(), text);
        }
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line() {
        let [seed, public, ..] = RFC_8032[0];
        let secret = STANDARD.encode([hex(seed), hex(public)].concat());
        let halves = STANDARD.encode([hex(seed), hex(RFC_8032[1][1])].concat());
        let good = STANDARD.encode(hex(public));
        let weak = STANDARD.encode([[1].as_slice(), &[0; 31]].concat());
        let text = |line: &str| format!("{good}\n{line}\n").into_bytes();
        for (line, error) in [
            (secret.as_str(), Ed25519Error::Secret { line: 2 }),
            (&weak, Ed25519Error::Unsound { line: 2 }),
            (
                "# a remark",
                Ed25519Error::NotAKey {
                    line: 2,
                    expected: 32,
                },
            ),
            (
                "AAAA",
                Ed25519Error::NotAKey {
                    line: 2,
                    expected: 32,
                },
            ),
        ] {
            assert_eq!(read_public_keys(&text(line)), Err(error), "{line}");
        }
        assert_eq!(read_public_keys(b"\n \n"), Err(Ed25519Error::Empty));
        let error = |text: &str| read_secret_keys(text.as_bytes()).unwrap_err();
        assert_eq!(error(&halves), Ed25519Error::Halves { line: 1 });
        let short = Ed25519Error::NotAKey {
            line: 1,
            expected: 64,
        };
        assert_eq!(error(&good), short);
        assert!(!format!("{:?}", read_secret_keys(secret.as_bytes()).unwrap()).contains(&secret));
    }
}
