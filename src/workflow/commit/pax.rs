//! Extended headers of POSIX.1-2001 ("pax"): what a tar header has no room for.
//!
//! ```text
//! 30 mtime=1700000000.123456789\n          length of the whole record, key, value
//! 34 SCHILY.xattr.security.capability=…\n   the value may hold any byte, newlines as well
//! ```
//!
//! The tar crate splits records at newlines, and so loses binary attributes; hence this reader.

use std::collections::BTreeMap;

use crate::format::{FormatError, Xattrs};

const XATTR: &[u8] = b"SCHILY.xattr.";
const SPARSE: &[u8] = b"GNU.sparse.";
/// How GNU tar stores the SELinux label.
const SELINUX: &[u8] = b"RHT.security.selinux";

/// The records of one extended header, and of the global ones before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Records(BTreeMap<Vec<u8>, Vec<u8>>);

impl Records {
    /// Adds the records of a header, which replace those of the same key; `None` if it is malformed.
    pub fn add(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() && bytes[0] != 0 {
            let space = bytes.iter().position(|byte| *byte == b' ')?;
            let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
            let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            self.0.insert(key.to_vec(), value.to_vec());
            bytes = &bytes[length..];
        }
        Some(())
    }

    /// Returns a value as it is.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key.as_bytes()).map(Vec::as_slice)
    }

    /// Returns a value as a number; `Some(None)` when it is none.
    pub fn number(&self, key: &str) -> Option<Option<u64>> {
        let value = self.get(key)?;
        Some(
            std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok()),
        )
    }

    /// Tells whether the file is stored with holes, in a form that needs more than a copy.
    pub fn is_sparse(&self) -> bool {
        self.0.keys().any(|key| key.starts_with(SPARSE))
    }

    /// Returns the extended attributes; empty values are kept, as `ostree commit` does for a tar.
    pub fn xattrs(&self) -> Result<Xattrs, FormatError> {
        let named = self.0.iter().filter_map(|(key, value)| {
            let name = key.strip_prefix(XATTR)?;
            Some((name.to_vec(), value.clone()))
        });
        let label = || (b"security.selinux".to_vec(), self.0[SELINUX].clone());
        let spelled_out = self.0.contains_key(&[XATTR, b"security.selinux"].concat());
        let label = (self.0.contains_key(SELINUX) && !spelled_out).then(label);
        Xattrs::new(named.chain(label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &[u8]) -> Vec<u8> {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length += 1;
        }
        [
            length.to_string().as_bytes(),
            b" ",
            key.as_bytes(),
            b"=",
            value,
            b"\n",
        ]
        .concat()
    }

    #[test]
    fn values_may_hold_newlines_and_nothing() {
        let mut records = Records::default();
        let header = [
            record("path", "é".as_bytes()),
            record("SCHILY.xattr.user.b", b"1\n2\n"),
            record("SCHILY.xattr.user.a", b""),
            record("RHT.security.selinux", b"label\0"),
            record("uid", b"3000000000"),
            record("size", b"many"),
        ];
        records.add(&header.concat()).unwrap();
        assert_eq!(records.get("path"), Some("é".as_bytes()));
        assert_eq!(records.number("uid"), Some(Some(3_000_000_000)));
        assert_eq!(records.number("size"), Some(None));
        assert_eq!(records.number("gid"), None);
        let xattrs = records.xattrs().unwrap();
        let pairs: Vec<_> = xattrs.iter().collect();
        assert_eq!(
            pairs,
            [
                (&b"security.selinux"[..], &b"label\0"[..]),
                (b"user.a", b""),
                (b"user.b", b"1\n2\n"),
            ]
        );
    }

    #[test]
    fn malformed_records_are_refused() {
        for header in [
            "5 a=b", "6 a=b\nx", "9 a=b\n", "x a=b\n", "1 \n", "4 a\n", "6a=b\n",
        ] {
            assert!(
                Records::default().add(header.as_bytes()).is_none(),
                "{header:?}"
            );
        }
    }
}
