//! Updates of the trust: they stand before the manifest, which is judged by the last of them.
//!
//! ```text
//! trust/1.json        a statement; its exact bytes are what is signed
//! trust/1.json.asc    detached signatures over them, armored
//! trust/2.json ...    the next version, and no number is left out
//! ```
//!
//! This room carries them; what they say, and whether it is believed, is not its business.

use crate::format::Checksum;

/// The most updates one bundle carries.
pub const MAX_TRUST_UPDATES: usize = 64;
/// The largest statement, and the largest signature file beside one.
pub const MAX_TRUST_UPDATE: u64 = 256 << 10;
/// The unit of the tar form.
const BLOCK: u64 = 512;
/// Where the members stand.
pub(super) const TRUST_DIRECTORY: &str = "trust";

/// One version of the trust as it travels: nobody has judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustUpdate {
    /// The number in its name, from 1.
    pub version: u64,
    /// The bytes that are signed.
    pub statement: Vec<u8>,
    /// The signature file.
    pub signatures: Vec<u8>,
}

impl TrustUpdate {
    /// Returns the name of the member that holds the statement of a version.
    pub fn statement_name(version: u64) -> String {
        format!("{TRUST_DIRECTORY}/{version}.json")
    }

    /// Returns the name of the member that holds the signatures of a version.
    pub fn signature_name(version: u64) -> String {
        format!("{TRUST_DIRECTORY}/{version}.json.asc")
    }

    /// Returns the SHA-256 of the statement, by which the next version names it.
    pub fn digest(&self) -> Checksum {
        Checksum::of(&self.statement)
    }

    /// Returns how many bytes its two members take in the tar form.
    pub fn size(&self) -> u64 {
        let framed = |bytes: &[u8]| BLOCK + (bytes.len() as u64).next_multiple_of(BLOCK);
        framed(&self.statement) + framed(&self.signatures)
    }

    /// Returns both members, in their order.
    pub(super) fn members(&self) -> [(String, &[u8]); 2] {
        [
            (Self::statement_name(self.version), &self.statement),
            (Self::signature_name(self.version), &self.signatures),
        ]
    }
}

/// Returns the version of which `name` is the statement.
pub(super) fn version_of(name: &str) -> Option<u64> {
    let digits = name
        .strip_prefix(TRUST_DIRECTORY)?
        .strip_prefix('/')?
        .strip_suffix(".json")?;
    let version = digits.parse().ok().filter(|version| *version > 0)?;
    // What `parse` is lenient about does not print as it was read.
    (TrustUpdate::statement_name(version) == name).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_name() {
        for version in [1, 2, 10, 64, u64::MAX] {
            assert_eq!(
                version_of(&TrustUpdate::statement_name(version)),
                Some(version)
            );
        }
        for bad in [
            "trust/0.json",
            "trust/01.json",
            "trust/+1.json",
            "trust/1.json.asc",
            "trust//1.json",
            "trust/1",
            "trust/.json",
            "Trust/1.json",
            "trust/18446744073709551616.json",
            "manifest.json",
        ] {
            assert_eq!(version_of(bad), None, "{bad}");
        }
    }
}
