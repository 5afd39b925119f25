//! Two small names a manifest carries: which repository it comes from, which site it is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest site name.
const MAX_SITE: usize = 64;

/// Why a text is neither a repository id nor a site name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentFault {
    /// Not 32 lower-case hexadecimal digits.
    #[error("a repository id is 32 lower-case hexadecimal digits")]
    RepositoryId,
    /// Outside the grammar of site names.
    #[error(
        "a site name is 1 to {MAX_SITE} of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
    )]
    SiteName,
}

/// The random identity of a release repository, made once and pinned by every site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryId([u8; 16]);

impl RepositoryId {
    /// Takes 16 random bytes as an identity.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        RepositoryId(bytes)
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RepositoryId {
    type Err = IdentFault;

    fn from_str(text: &str) -> Result<Self, IdentFault> {
        let mut bytes = [0; 16];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(IdentFault::RepositoryId);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair.map(nibble);
            *byte = high
                .zip(low)
                .map(|(h, l)| h << 4 | l)
                .ok_or(IdentFault::RepositoryId)?;
        }
        Ok(RepositoryId(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The name of a site, or of the group of sites that one bundle serves.
///
/// It becomes a file name (`extensions/airlock/sites/NAME.json`), hence the narrow grammar; and
/// lower case only, so that no two sites differ by letter case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteName(String);

impl SiteName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SiteName {
    fn default() -> Self {
        SiteName("default".to_owned())
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SiteName {
    type Err = IdentFault;

    fn from_str(text: &str) -> Result<Self, IdentFault> {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = text.len() <= MAX_SITE
            && text.bytes().next().is_some_and(alphanumeric)
            && text
                .bytes()
                .all(|byte| alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-'));
        good.then(|| SiteName(text.to_owned()))
            .ok_or(IdentFault::SiteName)
    }
}

macro_rules! serde_as_text {
    ($name:ty) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

serde_as_text!(RepositoryId);
serde_as_text!(SiteName);
serde_as_text!(super::MemberName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_ids_are_32_lower_case_digits() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(text.parse::<RepositoryId>().unwrap().to_string(), text);
        for bad in [
            "",
            "00",
            "00112233445566778899AABBCCDDEEFF",
            "0g112233445566778899aabbccddeeff",
        ] {
            assert_eq!(
                bad.parse::<RepositoryId>(),
                Err(IdentFault::RepositoryId),
                "{bad}"
            );
        }
    }

    #[test]
    fn site_names_are_file_names() {
        for good in ["default", "oslo-2", "a.b_c", "7"] {
            assert_eq!(good.parse::<SiteName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "Oslo",
            "-x",
            "a b",
            "é",
            &"x".repeat(65),
        ] {
            assert_eq!(bad.parse::<SiteName>(), Err(IdentFault::SiteName), "{bad}");
        }
    }
}
