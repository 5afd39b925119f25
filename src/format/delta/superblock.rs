//! The head of a static delta: where it leads, and what its parts make.
//!
//! ```text
//! (a{sv} t ay ay (a{sv}aya(say)sstayay) ay a(uayttay) a(yaytt))
//!
//! metadata    ostree.endianness; inline parts; detached metadata of the commit
//! timestamp   when it was made, big-endian
//! from        the commit it begins at, or empty
//! to          the commit it leads to
//! commit      that commit, whole
//! recurse     prerequisite deltas; always empty
//! parts       see `part`
//! fallbacks   see `fallback`
//! ```

use super::{DeltaFault, DeltaName, Endian, Fallback, PartHeader};
use crate::format::{
    Checksum, Commit, Encoded, FormatError, Metadata,
    gvariant::{Value, View},
    limits::MAX_METADATA,
};

/// The type of the embedded commit.
pub(super) const COMMIT: &str = "(a{sv}aya(say)sstayay)";
/// The type of a part that travels inside: its file, whose first byte says how it is compressed.
pub(super) const PART: &str = "(yay)";
/// The largest superblock that is read whole, and the largest of which the parts are left where they
/// are, less these: what current clients fetch as metadata.
pub const MAX_SUPERBLOCK: u64 = MAX_METADATA;
/// The most parts, and the most fallbacks, of one delta.
pub const MAX_PARTS: usize = 100_000;

/// The head of a static delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Byte order, inline parts, detached metadata, and what the maker added; in this order.
    pub metadata: Metadata,
    /// When it was made, in UNIX seconds.
    pub timestamp: u64,
    /// The commit it begins at; none for a delta from nothing.
    pub from: Option<Checksum>,
    /// The commit it leads to; its digest is what the delta leads to.
    pub commit: Encoded<Commit>,
    /// What each part is and makes.
    pub parts: Vec<PartHeader>,
    /// Objects to fetch loose.
    pub fallbacks: Vec<Fallback>,
}

impl Superblock {
    /// The type of a superblock.
    pub const TYPE: &str = "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))";

    /// Reads a superblock; for the signed form see [`super::SignedSuperblock`].
    pub fn decode(bytes: &[u8]) -> Result<Superblock, FormatError> {
        let size = bytes.len() as u64;
        if size > MAX_SUPERBLOCK {
            return Err(FormatError::TooLarge {
                what: "superblock",
                size,
                limit: MAX_SUPERBLOCK,
            });
        }
        let view = View::parse(Self::TYPE, bytes)?;
        let mut members = view.iter();
        let metadata = members.next().expect("the type has eight members");
        let rest = std::array::from_fn(|_| members.next().expect("the type has eight members"));
        Superblock::from_members(Metadata::from_view(metadata)?, rest)
    }

    /// Puts a superblock together from its metadata and the seven members that follow.
    pub(super) fn from_members(
        metadata: Metadata,
        rest: [View<'_>; 7],
    ) -> Result<Superblock, FormatError> {
        let [timestamp, from, to, commit, recurse, parts, fallbacks] = rest;
        if !recurse.is_empty() {
            return Err(DeltaFault::Prerequisites.into());
        }
        let endian = Endian::of(&metadata)?;
        let DeltaName { from, to } = read_name(from, to)?;
        Ok(Superblock {
            metadata,
            timestamp: timestamp.u64_be().expect("the type is a number"),
            from,
            commit: checked_commit(commit, &to)?,
            parts: list(parts, "parts", |view| PartHeader::from_view(view, endian))?,
            fallbacks: list(fallbacks, "fallbacks", |view| {
                Fallback::from_view(view, endian)
            })?,
        })
    }

    /// Writes the superblock.
    ///
    /// # Errors
    ///
    /// If the metadata does not mark the byte order.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let members = [self.metadata.to_value()].into_iter().chain(self.rest()?);
        Ok(Value::tuple(members).into_bytes())
    }

    /// Returns the seven members that follow the metadata.
    pub(super) fn rest(&self) -> Result<[Value; 7], FormatError> {
        let endian = Endian::of(&self.metadata)?;
        let from = self
            .from
            .map_or(Vec::new(), |from| from.as_bytes().to_vec());
        let commit = View::parse(COMMIT, self.commit.bytes())?;
        let parts = self.parts.iter().map(|part| part.to_value(endian));
        let fallbacks = self.fallbacks.iter().map(|entry| entry.to_value(endian));
        Ok([
            Value::u64_be(self.timestamp),
            Value::ay(from),
            Value::ay(self.to().as_bytes()),
            Value::from_view(commit),
            Value::ay([]),
            Value::array(PartHeader::TYPE, parts),
            Value::array(Fallback::TYPE, fallbacks),
        ])
    }

    /// Returns the commit the delta leads to.
    pub fn to(&self) -> Checksum {
        self.commit.checksum()
    }

    /// Returns the delta's name.
    pub fn name(&self) -> DeltaName {
        DeltaName {
            from: self.from,
            to: self.to(),
        }
    }

    /// Returns a part that travels inside the superblock, as its file would be.
    pub fn inline_part(&self, index: usize) -> Option<&[u8]> {
        let value = self.metadata.get(&self.name().part_path(index))?;
        (value.signature() == PART).then(|| value.bytes())
    }

    /// Returns the detached metadata of the commit, where its signatures are.
    pub fn commitmeta(&self) -> Result<Option<Metadata>, FormatError> {
        let key = self.name().commitmeta_key();
        match self.metadata.get(&key) {
            None => Ok(None),
            Some(value) if value.signature() == "a{sv}" => {
                Metadata::from_view(value.view()).map(Some)
            }
            Some(value) => Err(FormatError::EntryType {
                expected: "a{sv}",
                found: value.signature().to_owned(),
                key,
            }),
        }
    }
}

/// Reads where a delta begins and where it leads.
pub(super) fn read_name(from: View<'_>, to: View<'_>) -> Result<DeltaName, FormatError> {
    Ok(DeltaName {
        from: match from.bytes() {
            [] => None,
            checksum => Some(Checksum::from_slice(checksum)?),
        },
        to: Checksum::from_slice(to.bytes())?,
    })
}

/// Takes the embedded commit, if it is the one the delta leads to.
fn checked_commit(view: View<'_>, to: &Checksum) -> Result<Encoded<Commit>, FormatError> {
    let commit = Encoded::<Commit>::decode(view.bytes().to_vec())?;
    if commit.checksum() != *to {
        return Err(DeltaFault::WrongCommit.into());
    }
    Ok(commit)
}

fn list<T>(
    view: View<'_>,
    what: &'static str,
    read: impl Fn(View<'_>) -> Result<T, FormatError>,
) -> Result<Vec<T>, FormatError> {
    count(view, what)?;
    view.iter().map(read).collect()
}

/// Returns how many parts, or fallbacks, there are, unless they are too many.
pub(super) fn count(view: View<'_>, what: &'static str) -> Result<usize, FormatError> {
    let limit = MAX_PARTS;
    match view.len() {
        count if count > limit => Err(DeltaFault::TooMany { what, limit }.into()),
        count => Ok(count),
    }
}
