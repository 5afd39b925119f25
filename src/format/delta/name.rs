//! Which delta: from one commit, or from nothing, to another.
//!
//! ```text
//! in summaries and indexes   <from>-<to> or <to>, hexadecimal
//! in paths                   deltas/MI/FI6sNED…-kWJGJSS…      base64, split after two characters
//!                            deltas/kW/JGJSS…                 from nothing
//! ```

use std::{fmt, str::FromStr};

use super::DeltaFault;
use crate::format::{Checksum, FormatError};

/// The name of a static delta: where it begins and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeltaName {
    /// The commit the target already has; none for a delta from nothing.
    pub from: Option<Checksum>,
    /// The commit the delta leads to.
    pub to: Checksum,
}

impl DeltaName {
    /// Returns the delta's directory, relative to the repository.
    ///
    /// The keys of inline parts and detached metadata in a superblock begin with it too.
    pub fn directory(&self) -> String {
        let to = self.to.to_base64();
        let (first, rest) = match self.from {
            Some(from) => split_two(format!("{}-{to}", from.to_base64())),
            None => split_two(to),
        };
        format!("deltas/{first}/{rest}")
    }

    /// Returns the path of the superblock, relative to the repository.
    pub fn superblock_path(&self) -> String {
        format!("{}/superblock", self.directory())
    }

    /// Returns the path of a part, relative to the repository.
    pub fn part_path(&self, index: usize) -> String {
        format!("{}/{index}", self.directory())
    }

    /// Returns the superblock's key for the detached metadata of the commit.
    pub fn commitmeta_key(&self) -> String {
        format!("{}/commitmeta", self.directory())
    }

    /// Returns the path of the index that lists every delta to `to`, relative to the repository.
    pub fn index_path(to: &Checksum) -> String {
        let (first, rest) = split_two(to.to_base64());
        format!("delta-indexes/{first}/{rest}.index")
    }

    /// Reads the two path components below `deltas/`.
    pub fn from_path(first: &str, rest: &str) -> Result<DeltaName, FormatError> {
        if first.len() != 2 {
            return Err(DeltaFault::Name.into());
        }
        let whole = format!("{first}{rest}");
        let read = |text: &str| Checksum::from_base64(text);
        match whole.split_once('-') {
            Some((from, to)) => Ok(DeltaName {
                from: Some(read(from)?),
                to: read(to)?,
            }),
            None => Ok(DeltaName {
                from: None,
                to: read(&whole)?,
            }),
        }
    }
}

/// Splits a name after its first two characters.
fn split_two(name: String) -> (String, String) {
    let rest = name.chars().skip(2).collect();
    (name.chars().take(2).collect(), rest)
}

impl fmt::Display for DeltaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) => write!(f, "{from}-{}", self.to),
            None => write!(f, "{}", self.to),
        }
    }
}

impl FromStr for DeltaName {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<DeltaName, FormatError> {
        let (from, to) = match text.split_once('-') {
            Some((from, to)) => (Some(from.parse()?), to),
            None => (None, text),
        };
        let to = to.parse()?;
        Ok(DeltaName { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
    const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

    #[test]
    fn paths_and_names_are_those_of_ostree() {
        let update: DeltaName = format!("{FROM}-{TO}").parse().unwrap();
        let whole: DeltaName = TO.parse().unwrap();
        assert_eq!(
            update.superblock_path(),
            "deltas/MI/FI6sNEDFclJDeWL4vJ_M6fsxt+orHaWFNRvkKyWfI-kWJGJSS0wDdFw0FBVe7Nt5WGMbHZw0OSFLk3cYt6aIs/superblock"
        );
        assert_eq!(
            whole.part_path(0),
            "deltas/kW/JGJSS0wDdFw0FBVe7Nt5WGMbHZw0OSFLk3cYt6aIs/0"
        );
        assert_eq!(
            DeltaName::index_path(&whole.to),
            "delta-indexes/kW/JGJSS0wDdFw0FBVe7Nt5WGMbHZw0OSFLk3cYt6aIs.index"
        );
        for name in [update, whole] {
            let directory = name.directory();
            let mut path = directory.split('/').skip(1);
            let (first, rest) = (path.next().unwrap(), path.next().unwrap());
            assert_eq!(DeltaName::from_path(first, rest), Ok(name));
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "-",
            TO.get(1..).unwrap(),
            &format!("{FROM}-"),
            &format!("{FROM}-{TO}-{TO}"),
        ] {
            assert!(text.parse::<DeltaName>().is_err(), "{text}");
        }
        for (first, rest) in [
            ("", ""),
            ("k", "WJ"),
            ("kW", "é"),
            ("MI", "FI-kW"),
            ("é", ""),
        ] {
            assert!(DeltaName::from_path(first, rest).is_err(), "{first}/{rest}");
        }
    }
}
