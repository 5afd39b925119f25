//! Names that people give: refs, remotes, collections.
//!
//! ```text
//! fragment    \w [-._\w]*                \w: a letter or number of any script, or `_`
//! ref         fragment { "/" fragment }  but never 64 hexadecimal digits
//! remote      fragment
//! refspec     [ remote ":" ] ref
//! collection  element "." element …      [A-Za-z_][A-Za-z0-9_]*, at most 255 bytes
//! ```

use std::{fmt, str::FromStr, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::limits::MAX_NAME;
use super::{Checksum, FormatError};

/// The longest ref; as a path below `refs/remotes/<remote>/` it still fits Linux' `PATH_MAX`.
const MAX_REF: usize = 2048;

/// One fragment. `\w` here is GRegex' (PCRE2): letters and numbers, without the combining marks
/// that Rust's `is_alphanumeric` and the `\w` of the regex crate include.
static FRAGMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A[\p{L}\p{N}_][-.\p{L}\p{N}_]*\z").expect("the pattern is fixed")
});

fn is_fragment(text: &str) -> bool {
    text.len() <= MAX_NAME && FRAGMENT.is_match(text)
}

fn is_ref(text: &str) -> bool {
    text.len() <= MAX_REF && Checksum::from_hex(text).is_err() && text.split('/').all(is_fragment)
}

fn is_collection(text: &str) -> bool {
    let is_element = |element: &str| {
        let is_word = element
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word
            && element
                .bytes()
                .next()
                .is_some_and(|first| !first.is_ascii_digit())
    };
    text.len() <= MAX_NAME && text.contains('.') && text.split('.').all(is_element)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks a text against the grammar.
            pub fn new(text: impl Into<String>) -> Result<$name, FormatError> {
                let text = text.into();
                if $check(&text) {
                    return Ok($name(text));
                }
                let text = text.chars().take(MAX_NAME).collect();
                Err(FormatError::Grammar { what: $what, text })
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = FormatError;

            fn from_str(text: &str) -> Result<$name, FormatError> {
                $name::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                $name::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

name! {
    /// The name of a ref, such as `os/x86_64/stable`.
    ///
    /// It is safe as a path: no part is empty, begins with a dot or holds a slash.
    RefName, "ref name", is_ref
}

name! {
    /// The name of a remote, such as `offline`.
    RemoteName, "remote name", is_fragment
}

name! {
    /// The id of a collection, such as `org.example.Os`.
    CollectionId, "collection id", is_collection
}

/// A ref, here or as it was last seen at a remote: `remote:ref`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefSpec {
    /// The remote, if it is not a ref of the repository itself.
    pub remote: Option<RemoteName>,
    /// The ref.
    pub name: RefName,
}

impl FromStr for RefSpec {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<RefSpec, FormatError> {
        let (remote, name) = match text.split_once(':') {
            Some((remote, name)) => (Some(remote.parse()?), name),
            None => (None, text),
        };
        Ok(RefSpec {
            remote,
            name: name.parse()?,
        })
    }
}

impl fmt::Display for RefSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remote {
            Some(remote) => write!(f, "{remote}:{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs() {
        for good in [
            "main",
            "os/x86_64/stable",
            "été",
            "日本/x",
            "x..y",
            "_ok",
            "9",
            "a-b.c_d",
            "½",
            "x.",
        ] {
            assert!(RefName::new(good).is_ok(), "{good}");
        }
        let checksum = "a".repeat(64);
        let long = "x".repeat(256);
        let deep = vec!["x"; 1025].join("/");
        let bad = [
            "", "-x", ".x", "x/.y", "x@y", "a+b", "x~1", "x//y", "/x", "x/", "a b", "..", "x/..",
            "a:b",
        ];
        // A combining mark is no letter, and a pattern's `$` would let a newline follow.
        let subtle = [
            "x\n",
            "\u{301}",
            "e\u{301}",
            "कि",
            checksum.as_str(),
            &long,
            &deep,
        ];
        for bad in bad.into_iter().chain(subtle) {
            assert!(RefName::new(bad).is_err(), "{bad}");
        }
        assert!(RefName::new(checksum.to_uppercase()).is_ok());
    }

    #[test]
    fn refspecs() {
        let spec: RefSpec = "offline:os/x86_64/stable".parse().unwrap();
        assert_eq!(
            spec.remote.as_ref().map(RemoteName::as_str),
            Some("offline")
        );
        assert_eq!(spec.to_string(), "offline:os/x86_64/stable");
        assert_eq!("main".parse::<RefSpec>().unwrap().remote, None);
        for bad in ["", ":", "a:", ":a", "a/b:c", "a:b:c"] {
            assert!(bad.parse::<RefSpec>().is_err(), "{bad}");
        }
    }

    #[test]
    fn collections() {
        for good in ["org.example.Os", "a.b", "_a._b1"] {
            assert!(CollectionId::new(good).is_ok(), "{good}");
        }
        let long = format!("a.{}", "b".repeat(254));
        for bad in [
            "",
            "org",
            "org.",
            ".org",
            "org..x",
            "org.1x",
            "org.ex-ample",
            "org.é",
            &long,
        ] {
            assert!(CollectionId::new(bad).is_err(), "{bad}");
        }
    }
}
