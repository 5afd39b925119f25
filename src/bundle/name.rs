//! The names a bundle's members may have, and their order.
//!
//! ```text
//! summary                       the repository index
//! summary.sig                   its signatures
//! payload/R/superblock          the spine of release R
//! payload/R/P.zst               part P of that spine
//! payload/R/objects-P.tar.zst   pack P of release R
//! attachments/NAME              a plain file that rides along
//! NAME.001 NAME.002 ...         the same, cut because it is larger than a member may be
//! ```
//!
//! Numbers are decimal without leading zeros, so each member has exactly one name. The derived
//! order of [`MemberName`] is the order of members in a bundle.

use std::fmt;
use std::str::FromStr;

use super::attachment::{AttachmentName, DIRECTORY};

/// The name of the manifest, first of all members and not listed in itself.
pub const MANIFEST: &str = "manifest.json";
/// The name of the signatures over the manifest, the second member.
pub const MANIFEST_SIGNATURE: &str = "manifest.json.asc";
/// The most pieces one member is cut into.
pub const MAX_PIECES: u16 = 999;

/// Why a text is no member name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name of a bundle member")]
pub struct NameFault(pub String);

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The repository index as it is after import.
    Summary,
    /// The signatures of the index.
    SummarySignature,
    /// Something of one release.
    Payload {
        /// Which release, counted as the manifest lists them.
        release: u32,
        /// What of it.
        load: Load,
    },
    /// A plain file that rides along.
    Attachment(AttachmentName),
}

/// What a payload member of one release holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Load {
    /// The stock static delta that names commit and parts.
    Superblock,
    /// One part of that delta.
    Part(u32),
    /// One pack of whole objects.
    Pack(u32),
}

/// The name of a member, or of one piece of a cut one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName {
    /// What the member holds.
    pub role: Role,
    /// Which piece of it this is, from 1; none when it is whole.
    pub piece: Option<u16>,
}

impl MemberName {
    /// Names the summary.
    pub const SUMMARY: MemberName = MemberName {
        role: Role::Summary,
        piece: None,
    };
    /// Names the summary's signatures.
    pub const SUMMARY_SIGNATURE: MemberName = MemberName {
        role: Role::SummarySignature,
        piece: None,
    };

    /// Names the spine of a release.
    pub fn superblock(release: u32) -> Self {
        Self::payload(release, Load::Superblock)
    }

    /// Names a part of a release's spine.
    pub fn part(release: u32, part: u32) -> Self {
        Self::payload(release, Load::Part(part))
    }

    /// Names a pack of a release.
    pub fn pack(release: u32, pack: u32) -> Self {
        Self::payload(release, Load::Pack(pack))
    }

    /// Names an attachment.
    pub fn attachment(name: AttachmentName) -> Self {
        MemberName {
            role: Role::Attachment(name),
            piece: None,
        }
    }

    /// Names the given piece of this member.
    pub fn with_piece(self, piece: u16) -> Self {
        MemberName {
            piece: Some(piece),
            ..self
        }
    }

    fn payload(release: u32, load: Load) -> Self {
        MemberName {
            role: Role::Payload { release, load },
            piece: None,
        }
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Summary => f.write_str("summary")?,
            Role::SummarySignature => f.write_str("summary.sig")?,
            Role::Attachment(name) => write!(f, "{DIRECTORY}{name}")?,
            Role::Payload { release, load } => match load {
                Load::Superblock => write!(f, "payload/{release}/superblock")?,
                Load::Part(part) => write!(f, "payload/{release}/{part}.zst")?,
                Load::Pack(pack) => write!(f, "payload/{release}/objects-{pack}.tar.zst")?,
            },
        }
        self.piece.map_or(Ok(()), |piece| write!(f, ".{piece:03}"))
    }
}

impl FromStr for MemberName {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, NameFault> {
        parse(text).ok_or_else(|| NameFault(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<MemberName> {
    match text {
        "summary" => return Some(MemberName::SUMMARY),
        "summary.sig" => return Some(MemberName::SUMMARY_SIGNATURE),
        _ => {}
    }
    if let Some(name) = text.strip_prefix(DIRECTORY) {
        return name.parse().ok().map(MemberName::attachment);
    }
    let (release, file) = text.strip_prefix("payload/")?.split_once('/')?;
    let release = number(release)?;
    if file == "superblock" {
        return Some(MemberName::superblock(release));
    }
    let (stem, suffix) = file
        .split_once(".tar.zst")
        .or_else(|| file.split_once(".zst"))?;
    let name = match stem.strip_prefix("objects-") {
        Some(pack) => MemberName::pack(release, number(pack)?),
        None => MemberName::part(release, number(stem)?),
    };
    let piece = match suffix {
        "" => None,
        _ => Some(piece_number(suffix.strip_prefix('.')?)?),
    };
    let name = MemberName { piece, ..name };
    // Whatever the lenient splits above let through does not print as it was read.
    (name.to_string() == text).then_some(name)
}

fn number(text: &str) -> Option<u32> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn piece_number(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_they_print_and_sort_as_they_stand() {
        let names = [
            MemberName::SUMMARY,
            MemberName::SUMMARY_SIGNATURE,
            MemberName::superblock(0),
            MemberName::part(0, 0),
            MemberName::part(0, 10),
            MemberName::pack(0, 0).with_piece(1),
            MemberName::pack(0, 0).with_piece(999),
            MemberName::pack(0, 2),
            MemberName::superblock(1),
            MemberName::pack(4_294_967_295, 3),
            MemberName::attachment("airlock-0.2.0".parse().expect("a name")),
            MemberName::attachment("README.001".parse().expect("a name")),
        ];
        for name in names {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert!(names.is_sorted());
        assert_eq!(names[5].to_string(), "payload/0/objects-0.tar.zst.001");
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "manifest.json",
            "Summary",
            "summary.sig.001",
            "/payload/0/0.zst",
            "./payload/0/0.zst",
            "payload/0/../0.zst",
            "payload/../0.zst",
            "payload/00/0.zst",
            "payload/0/01.zst",
            "payload/0/+1.zst",
            "payload/0/.zst",
            "payload/0/0.tar.zst",
            "payload/0/objects-0.zst",
            "payload/0/objects-.tar.zst",
            "payload/0/objects-0.tar.zst.000",
            "payload/0/objects-0.tar.zst.1",
            "payload/0/objects-0.tar.zst.0001",
            "payload/0/objects-0.tar.zst.001.002",
            "payload/0/superblock.001",
            "payload/0/superblock/",
            "payload/4294967296/superblock",
            "attachments/",
            "attachments/..",
            "attachments/../x",
            "attachments/a/b",
            "attachments//a",
            "Attachments/a",
            "payload//superblock",
            "payload/0/0.zst\0",
        ] {
            assert!(bad.parse::<MemberName>().is_err(), "{bad:?}");
        }
    }
}
