//! The inventory: what a site has, on its way back to the twin.
//!
//! ```text
//! {"airlock":"inventory/1",                           exactly these bytes, compared before parsing
//!  "site":"oslo","created":1700000000,                whose, and when it was taken
//!  "follows":"<32 hex>"|null,"collection":null,       the repository whose bundles it imports
//!  "mode":"archive",                                  how it stores objects
//!  "heads":{"REF":"<64 hex>"},                        the commits it has, complete
//!  "sequence":{"REF":1700000000},                     the last number it accepted, per ref
//!  "extensions":{}}
//! ```
//!
//! It decides what an export leaves out, and nothing else: a forged one makes a bundle that the
//! site cannot import, because a base is missing there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ManifestFault, RepositoryId, SiteName, strict_json};
use crate::Class;
use crate::format::{Checksum, CollectionId, RefName};

/// What every inventory of this version begins with.
const PREFIX: &[u8] = br#"{"airlock":"inventory/1","#;
/// What the inventory of any version begins with.
const ANY_VERSION: &[u8] = br#"{"airlock":"inventory/"#;
/// The largest inventory.
pub const MAX_INVENTORY: u64 = 16 << 20;

/// What a site has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Inventory {
    airlock: Kind,
    /// The site.
    pub site: SiteName,
    /// When this was taken, in UNIX seconds.
    pub created: u64,
    /// The repository whose bundles it imports, once it imported one.
    pub follows: Option<RepositoryId>,
    /// The collection of its repository.
    pub collection: Option<CollectionId>,
    /// The mode of its repository.
    pub mode: String,
    /// Its refs whose commits are complete.
    pub heads: BTreeMap<RefName, Checksum>,
    /// The last sequence number it accepted, per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// Fields of later versions that earlier ones may ignore.
    pub extensions: serde_json::Map<String, serde_json::Value>,
}

/// Kind and version; the first bytes of an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "inventory/1")]
    Inventory1,
}

/// Why an inventory is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum InventoryFault {
    /// More bytes than an inventory may have.
    #[error("it has more than {MAX_INVENTORY} bytes")]
    TooLarge,
    /// It does not begin as an inventory does.
    #[error("it does not begin as an inventory does")]
    Prefix,
    /// It is an inventory of a version this program does not know.
    #[error("it is of a format version this program does not know")]
    Version,
    /// It is not JSON, or not in the one spelling that is accepted.
    #[error(transparent)]
    Json(ManifestFault),
}

impl InventoryFault {
    /// Returns what kind of failure this is.
    pub fn class(&self) -> Class {
        match self {
            InventoryFault::Version => Class::Unsupported,
            _ => Class::Corrupt,
        }
    }
}

impl Inventory {
    /// Begins an inventory without heads.
    pub fn new(site: SiteName, created: u64, mode: String) -> Inventory {
        Inventory {
            airlock: Kind::Inventory1,
            site,
            created,
            follows: None,
            collection: None,
            mode,
            heads: BTreeMap::new(),
            sequence: BTreeMap::new(),
            extensions: serde_json::Map::new(),
        }
    }

    /// Reads an inventory, in the one spelling that is accepted.
    pub fn parse(bytes: &[u8]) -> Result<Inventory, InventoryFault> {
        if bytes.len() as u64 > MAX_INVENTORY {
            return Err(InventoryFault::TooLarge);
        }
        if !bytes.starts_with(PREFIX) {
            return Err(match bytes.starts_with(ANY_VERSION) {
                true => InventoryFault::Version,
                false => InventoryFault::Prefix,
            });
        }
        strict_json(bytes).map_err(InventoryFault::Json)
    }

    /// Writes the inventory, with a newline at its end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("an inventory has only string keys");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> String {
        let mut inventory = Inventory::new("oslo".parse().unwrap(), 7, "archive".into());
        let head = Checksum::of(b"a commit");
        inventory.heads.insert("os/stable".parse().unwrap(), head);
        inventory.sequence.insert("os/stable".parse().unwrap(), 3);
        inventory.follows = Some(RepositoryId::from_bytes([7; 16]));
        String::from_utf8(inventory.to_bytes()).unwrap()
    }

    #[test]
    fn reads_as_it_was_written() {
        let text = good();
        let read = Inventory::parse(text.as_bytes()).unwrap();
        assert_eq!(read.to_bytes(), text.as_bytes());
    }

    #[test]
    fn anything_else_is_refused() {
        let good = good();
        let table = [
            ("inventory/1", "bundle/1", "does not begin"),
            ("inventory/1", "inventory/2", "version"),
            ("{\"airlock\"", "{ \"airlock\"", "does not begin"),
            ("\"site\":\"oslo\"", "\"site\":\"../oslo\"", "site name"),
            ("os/stable", "../stable", "line 1"),
            ("\"created\":7", "\"created\":7,\"created\":7", "twice"),
            ("\"created\":7", "\"created\":7.5", "floating point"),
            ("\"created\":7", "\"created\":7,\"more\":1", "unknown field"),
            ("\"os/stable\":3", "\"os/stable\":-3", "integer"),
            ("0707", "07", "repository id"),
            ("}\n", "} ", "newlines"),
        ];
        for (from, to, reason) in table {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            let said = Inventory::parse(bad.as_bytes()).expect_err(to).to_string();
            assert!(said.contains(reason), "{to}: {said}");
        }
        let long = good.replace('\n', &"\n".repeat(MAX_INVENTORY as usize));
        let fault = Inventory::parse(long.as_bytes()).expect_err("too large");
        assert!(matches!(fault, InventoryFault::TooLarge));
    }
}
