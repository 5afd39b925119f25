//! `a{sv}`: what a commit, its signatures or a summary say under named keys.
//!
//! ```text
//! commit      version s · ostree.ref-binding as · ostree.collection-binding s · anything else
//! commitmeta  ostree.gpgsigs aay · ostree.sign.ed25519 aay
//! summary.sig the same keys
//! ```
//!
//! The order of the entries is part of the bytes, so it is kept. Two orders are written: that of
//! insertion, and that of a GLib hash table (see [`hash_order()`]).

use super::gvariant::{Value, View};
use super::limits::{MAX_ENTRIES, MAX_SIGNATURES};
use super::{FormatError, encoded::Codec, hash_order};

/// A dictionary from names to values of any type, in a definite order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Vec<(String, Value)>,
}

impl Metadata {
    /// The OpenPGP signatures over a commit or summary, `aay`, each a binary signature packet.
    pub const GPGSIGS: &'static str = "ostree.gpgsigs";
    /// The Ed25519 signatures over a commit or summary, `aay`, each 64 bytes.
    pub const SIGN_ED25519: &'static str = "ostree.sign.ed25519";
    /// The signatures by keys in SubjectPublicKeyInfo form, `aay`.
    pub const SIGN_SPKI: &'static str = "ostree.sign.spki";
    /// The refs a commit may be published under, `as`, sorted.
    pub const REF_BINDING: &'static str = "ostree.ref-binding";
    /// The collection a commit belongs to, `s`.
    pub const COLLECTION_BINDING: &'static str = "ostree.collection-binding";
    /// Whether a commit can be booted, `b`.
    pub const BOOTABLE: &'static str = "ostree.bootable";
    /// The version of a commit's kernel, `s`.
    pub const LINUX: &'static str = "ostree.linux";
    /// How large a commit's objects are, `aay`.
    pub const SIZES: &'static str = "ostree.sizes";
    /// The version a commit shows to people, `s`.
    pub const VERSION: &'static str = "version";

    /// Begins with no entries.
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Returns the text of a key; absent, or of another type, is `None`.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key)?.view().as_str()
    }

    /// Returns the list of strings of a key; absent, of another type, or endless, is `None`.
    pub fn get_strv(&self, key: &str) -> Option<Vec<String>> {
        let value = self.get(key).filter(|value| value.signature() == "as")?;
        let list = Some(value.view()).filter(|list| list.len() <= MAX_ENTRIES)?;
        let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect()
    }

    /// Returns the little-endian number of a key; absent, or of another type, is `None`.
    pub fn get_u64(&self, key: &str) -> Option<u64> {
        self.get(key)?.view().u64()
    }

    /// Returns the big-endian number of a key, as OSTree stores times in summaries.
    pub fn get_u64_be(&self, key: &str) -> Option<u64> {
        self.get(key)?.view().u64_be()
    }

    /// Returns the boolean of a key; absent, or of another type, is `None`.
    pub fn get_bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.view().boolean()
    }

    /// Sets a key: at its place if it is there, else at the end.
    pub fn insert(&mut self, key: impl Into<String>, value: Value) {
        let key = key.into();
        match self.entries.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Removes a key and returns what it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(name, _)| name == key)?;
        Some(self.entries.remove(at).1)
    }

    /// Iterates over the entries in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + '_ {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the signatures under a key, in their order; none if the key is absent.
    pub fn signatures(&self, key: &str) -> Result<Vec<Vec<u8>>, FormatError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        if value.signature() != "aay" {
            return Err(FormatError::EntryType {
                key: key.to_owned(),
                expected: "aay",
                found: value.signature().to_owned(),
            });
        }
        let list = value.view();
        within("number of signatures", list.len(), MAX_SIGNATURES)?;
        Ok(list
            .iter()
            .map(|signature| signature.bytes().to_vec())
            .collect())
    }

    /// Sets the signatures under a key; without any, the key goes too, as with `ostree`.
    pub fn set_signatures(&mut self, key: &str, signatures: &[Vec<u8>]) {
        if signatures.is_empty() {
            self.remove(key);
            return;
        }
        let signatures = signatures
            .iter()
            .map(|signature| Value::ay(signature.as_slice()));
        self.insert(key, Value::array("ay", signatures));
    }

    /// Returns the dictionary as a value, in insertion order.
    pub fn to_value(&self) -> Value {
        Value::vardict(self.iter())
    }

    /// Returns the dictionary as a value, in the order of a GLib hash table.
    pub fn to_value_hash_order(&self) -> Value {
        let keys: Vec<&str> = self.iter().map(|(key, _)| key).collect();
        let entries = hash_order(&keys)
            .into_iter()
            .filter_map(|at| self.entries.get(at));
        Value::vardict(entries.map(|(key, value)| (key.as_str(), value)))
    }

    /// Writes the dictionary in the order of a GLib hash table: commitmeta, summaries, indexes.
    pub fn encode_hash_order(&self) -> Vec<u8> {
        self.to_value_hash_order().into_bytes()
    }

    /// Copies an `a{sv}` that has been read; empty keys and keys that occur twice are refused.
    pub fn from_view(view: View<'_>) -> Result<Metadata, FormatError> {
        if view.type_str() != "a{sv}" {
            return Err(FormatError::Signature(view.type_str().to_owned()));
        }
        within("number of entries", view.len(), MAX_ENTRIES)?;
        let mut entries = Vec::with_capacity(view.len());
        for entry in view.iter() {
            let pair = entry
                .tuple()
                .and_then(|[key, value]| Some((key.as_str()?, value.variant()?)));
            let (key, value) = pair.ok_or(FormatError::Truncated(Metadata::WHAT))?;
            if key.is_empty() {
                return Err(FormatError::Field {
                    what: Metadata::WHAT,
                    fault: "a key is empty",
                });
            }
            entries.push((key.to_owned(), Value::from_view(value)));
        }
        let metadata = Metadata { entries };
        match metadata.first_duplicate() {
            Some(key) => Err(FormatError::Duplicate {
                what: Metadata::WHAT,
                name: key.to_owned(),
            }),
            None => Ok(metadata),
        }
    }

    fn first_duplicate(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::with_capacity(self.len());
        self.iter()
            .map(|(key, _)| key)
            .find(|key| !seen.insert(*key))
    }
}

/// Holds a count against its limit, before anything is kept.
fn within(what: &'static str, count: usize, limit: usize) -> Result<(), FormatError> {
    match count <= limit {
        true => Ok(()),
        false => Err(FormatError::TooMany { what, count, limit }),
    }
}

impl Codec for Metadata {
    const WHAT: &'static str = "metadata";

    fn decode(bytes: &[u8]) -> Result<Metadata, FormatError> {
        Metadata::from_view(View::parse("a{sv}", bytes)?)
    }

    fn encode(&self) -> Vec<u8> {
        self.to_value().into_bytes()
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Metadata {
        let mut metadata = Metadata::new();
        entries
            .into_iter()
            .for_each(|(key, value)| metadata.insert(key, value));
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(metadata: &Metadata) -> Vec<&str> {
        metadata.iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn replacing_keeps_the_place() {
        let mut metadata: Metadata = [("b", Value::u64(1)), ("a", Value::u64(2))]
            .into_iter()
            .collect();
        metadata.insert("b", Value::str("new"));
        metadata.insert("c", Value::boolean(true));
        assert_eq!(keys(&metadata), ["b", "a", "c"]);
        assert_eq!(metadata.get_str("b"), Some("new"));
        assert_eq!(metadata.get_u64("b"), None);
        assert_eq!(metadata.remove("a"), Some(Value::u64(2)));
        assert_eq!(keys(&metadata), ["b", "c"]);
        assert_eq!(Metadata::decode(&metadata.encode()), Ok(metadata));
    }

    #[test]
    fn signatures_in_and_out() {
        let mut metadata = Metadata::new();
        let signatures = vec![vec![1; 119], vec![2; 310]];
        metadata.set_signatures(Metadata::GPGSIGS, &signatures);
        assert_eq!(metadata.signatures(Metadata::GPGSIGS), Ok(signatures));
        assert_eq!(metadata.signatures("absent"), Ok(vec![]));
        metadata.set_signatures(Metadata::GPGSIGS, &[]);
        assert!(metadata.is_empty() && metadata.encode().is_empty());
        metadata.insert(Metadata::GPGSIGS, Value::str("no"));
        assert!(matches!(
            metadata.signatures(Metadata::GPGSIGS),
            Err(FormatError::EntryType { .. })
        ));
    }

    #[test]
    fn keys_that_are_refused() {
        let one = Value::byte(1);
        let twice = Value::vardict([("a", &one), ("b", &one), ("a", &one)]);
        let duplicate = FormatError::Duplicate {
            what: "metadata",
            name: "a".into(),
        };
        assert_eq!(Metadata::decode(twice.bytes()), Err(duplicate));
        let empty = Value::vardict([("", &one)]);
        assert!(matches!(
            Metadata::decode(empty.bytes()),
            Err(FormatError::Field { .. })
        ));
    }

    #[test]
    fn two_orders_are_written() {
        let metadata: Metadata = ["ostree.gpgsigs", "ostree.sign.ed25519", "ostree.sign.spki"]
            .map(|key| (key, Value::byte(0)))
            .into_iter()
            .collect();
        let hashed = Metadata::decode(&metadata.encode_hash_order()).unwrap();
        assert_eq!(
            keys(&hashed),
            ["ostree.sign.spki", "ostree.gpgsigs", "ostree.sign.ed25519"]
        );
        assert_ne!(hashed.encode(), metadata.encode());
    }
}
