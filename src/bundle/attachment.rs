//! The names of attachments: plain files that ride along with a bundle, such as airlock itself.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The longest name.
const MAX_NAME: usize = 64;
/// The most attachments one bundle carries.
pub const MAX_ATTACHMENTS: usize = 64;
/// Where they lie.
pub(super) const DIRECTORY: &str = "attachments/";

/// The name of an attachment: 1 to 64 of letters, digits, `.`, `_`, `+` and `-`.
///
/// It begins with a letter or digit and does not end in a dot. Two that differ only by letter case
/// are one after the other in the order, and not allowed side by side.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttachmentName {
    bytes: [u8; MAX_NAME],
    length: usize,
}

/// Why a text is no name of an attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name for an attachment: 1 to {MAX_NAME} of A-Z, a-z, 0-9, '.', '_', '+' and '-', \
     which begin with a letter or digit and do not end in a dot"
)]
pub struct AttachmentFault(pub String);

impl AttachmentName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.length);
        text.and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Compares without letter case, as some filesystems do.
    pub fn cmp_folded(&self, other: &AttachmentName) -> Ordering {
        let folded = |name: &AttachmentName| name.bytes.map(|byte| byte.to_ascii_lowercase());
        folded(self).cmp(&folded(other))
    }
}

impl FromStr for AttachmentName {
    type Err = AttachmentFault;

    fn from_str(text: &str) -> Result<AttachmentName, AttachmentFault> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
        let begins = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        let mut bytes = [0; MAX_NAME];
        match bytes.get_mut(..text.len()) {
            Some(room) if begins && text.bytes().all(plain) && !text.ends_with('.') => {
                room.copy_from_slice(text.as_bytes());
            }
            _ => return Err(AttachmentFault(text.to_owned())),
        }
        let length = text.len();
        Ok(AttachmentName { bytes, length })
    }
}

impl fmt::Display for AttachmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AttachmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Ord for AttachmentName {
    fn cmp(&self, other: &AttachmentName) -> Ordering {
        self.cmp_folded(other).then(self.bytes.cmp(&other.bytes))
    }
}

impl PartialOrd for AttachmentName {
    fn partial_cmp(&self, other: &AttachmentName) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names() {
        let long = "a".repeat(64);
        for good in ["a", "airlock-0.2.0", "README.txt", "x.001", "1+1_2", &long] {
            assert_eq!(good.parse::<AttachmentName>().unwrap().as_str(), good);
        }
        let longer = "a".repeat(65);
        for bad in [
            "", ".", "..", ".hidden", "-rf", "a/b", "/a", "a\\b", "a\0", "a b", "a.", "é", "a\n",
            "../a", "a:b", "_a", &longer,
        ] {
            assert!(bad.parse::<AttachmentName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn order_does_not_depend_on_case() {
        let name = |text: &str| text.parse::<AttachmentName>().unwrap();
        assert!(name("a") < name("B") && name("B") < name("c"));
        assert_eq!(name("Ab").cmp_folded(&name("aB")), Ordering::Equal);
        assert_ne!(name("Ab"), name("aB"));
    }
}
