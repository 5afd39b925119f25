//! Patterns for refs: `*` stands for anything within one element, `**` for anything.

use std::fmt;

use serde::Serialize;

use crate::format::RefName;

/// A pattern that refs match or do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RefPattern(String);

impl RefPattern {
    /// Reads a pattern; returns nothing when no ref could ever match it.
    pub fn new(text: &str) -> Option<Self> {
        let sample = text.replace("**", "x").replace('*', "x");
        sample
            .parse::<RefName>()
            .ok()
            .map(|_| Self(text.to_owned()))
    }

    /// Tells whether the ref matches.
    pub fn matches(&self, name: &RefName) -> bool {
        matches(self.0.as_bytes(), name.to_string().as_bytes())
    }
}

impl fmt::Display for RefPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Matches by following the ref from left to right with every state the pattern may be in, so that
/// no pattern can make it slow.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut states = close(vec![0], pattern);
    for &byte in name {
        let mut next = Vec::new();
        for at in states {
            match pattern.get(at) {
                Some(b'*') if byte != b'/' || is_double(pattern, at) => next.push(at),
                Some(&wanted) if wanted == byte && wanted != b'*' => next.push(at + 1),
                _ => {}
            }
        }
        states = close(next, pattern);
    }
    states.contains(&pattern.len())
}

/// Adds the states reachable by letting a star stand for nothing (more).
fn close(mut states: Vec<usize>, pattern: &[u8]) -> Vec<usize> {
    let mut seen = 0;
    while let Some(&at) = states.get(seen) {
        if pattern.get(at) == Some(&b'*') {
            states.push(at + 1 + usize::from(is_double(pattern, at)));
        }
        seen += 1;
    }
    states.sort_unstable();
    states.dedup();
    states
}

fn is_double(pattern: &[u8], at: usize) -> bool {
    pattern.get(at + 1) == Some(&b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let rows: &[(&str, &str, bool)] = &[
            ("os/x86_64/stable", "os/x86_64/stable", true),
            ("os/x86_64/stable", "os/x86_64/stable2", false),
            ("os/*/stable", "os/x86_64/stable", true),
            ("os/*/stable", "os/a/b/stable", false),
            ("os/**/stable", "os/a/b/stable", true),
            ("os/**", "os/a/b", true),
            ("os/**", "os", false),
            ("**", "a/b/c", true),
            ("*", "a", true),
            ("*", "a/b", false),
            ("*-stable", "x-stable", true),
            ("*-stable", "x-dev", false),
            ("a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ];
        for (pattern, name, expected) in rows {
            let found = RefPattern::new(pattern)
                .unwrap()
                .matches(&name.parse().unwrap());
            assert_eq!(found, *expected, "{pattern} ~ {name}");
        }
        for pattern in ["", "/os", "os/", "os//x", "a b", "os/+"] {
            assert!(RefPattern::new(pattern).is_none(), "{pattern}");
        }
    }
}
