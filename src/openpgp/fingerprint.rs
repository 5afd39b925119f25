//! The name of a certificate or key: its fingerprint, never a short key ID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::OpenPgpError;

/// An OpenPGP fingerprint in upper-case hexadecimal: 40 digits (v4) or 64 (v6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Returns the upper-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = OpenPgpError;

    /// Reads a fingerprint as people write it: any case, with spaces or colons, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, OpenPgpError> {
        let bare = text.trim();
        let bare = bare.strip_prefix("0x").unwrap_or(bare);
        let digits: String = bare
            .chars()
            .filter(|c| !matches!(c, ' ' | ':'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let hex = digits.chars().all(|c| c.is_ascii_hexdigit());
        if hex && matches!(digits.len(), 40 | 64) {
            Ok(Self(digits))
        } else {
            Err(OpenPgpError::NotAFingerprint { text: text.into() })
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = OpenPgpError;

    fn try_from(text: String) -> Result<Self, OpenPgpError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.0
    }
}

impl From<&sequoia_openpgp::Fingerprint> for Fingerprint {
    fn from(fingerprint: &sequoia_openpgp::Fingerprint) -> Self {
        Self(fingerprint.to_hex())
    }
}

impl From<sequoia_openpgp::Fingerprint> for Fingerprint {
    fn from(fingerprint: sequoia_openpgp::Fingerprint) -> Self {
        Self::from(&fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let plain = "9FD17719FD22D4C95D7E918B3DD269B0BC6F5129";
        for text in [
            plain,
            "9fd17719fd22d4c95d7e918b3dd269b0bc6f5129",
            "0x9FD17719FD22D4C95D7E918B3DD269B0BC6F5129",
            "9FD1 7719 FD22 D4C9 5D7E  918B 3DD2 69B0 BC6F 5129",
        ] {
            assert_eq!(
                text.parse::<Fingerprint>().unwrap().as_str(),
                plain,
                "{text}"
            );
        }
        for text in [
            "",
            "BC6F5129",
            "3DD269B0BC6F5129",
            "alice@example.org",
            &plain.replace('9', "G"),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
