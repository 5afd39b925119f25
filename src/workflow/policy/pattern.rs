//! Patterns for refs: `*` stands for anything within one element, `**` for anything.

use std::collections::BTreeSet;
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

    /// Tells whether some text matches both patterns.
    pub(super) fn meets(&self, other: &Self) -> bool {
        meet(self.0.as_bytes(), other.0.as_bytes())
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

/// Follows both patterns at once, through every pair of states that one text can lead to.
fn meet(one: &[u8], two: &[u8]) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(0, 0)];
    while let Some((left, right)) = waiting.pop() {
        if !seen.insert((left, right)) {
            continue;
        }
        if left == one.len() && right == two.len() {
            return true;
        }
        let (star, other) = (one.get(left) == Some(&b'*'), two.get(right) == Some(&b'*'));
        if star {
            waiting.push((left + 1 + usize::from(is_double(one, left)), right));
        }
        if other {
            waiting.push((left, right + 1 + usize::from(is_double(two, right))));
        }
        // One byte of the text: a star takes it and stays, a byte takes itself.
        match (one.get(left), two.get(right)) {
            (Some(&byte), Some(_)) if other && !star && (byte != b'/' || is_double(two, right)) => {
                waiting.push((left + 1, right));
            }
            (Some(_), Some(&byte)) if star && !other && (byte != b'/' || is_double(one, left)) => {
                waiting.push((left, right + 1));
            }
            (Some(a), Some(b)) if a == b && !star && !other => waiting.push((left + 1, right + 1)),
            _ => {}
        }
    }
    false
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

    #[test]
    fn patterns_that_meet() {
        let rows: &[(&str, &str, bool)] = &[
            ("os/a", "os/a", true),
            ("os/a", "os/b", false),
            ("os/**", "os/*/stable", true),
            ("os/**", "app/**", false),
            ("os/*", "os/*/stable", false),
            ("**", "a/b", true),
            ("*-stable", "x-*", true),
            ("*-stable", "x-*-dev", false),
            ("*a", "*b", false),
            ("*/b", "a/*", true),
            ("a**z", "ab*", true),
        ];
        for (one, two, expected) in rows {
            let (one, two) = (RefPattern::new(one).unwrap(), RefPattern::new(two).unwrap());
            assert_eq!(one.meets(&two), *expected, "{one} {two}");
            assert_eq!(two.meets(&one), *expected, "{two} {one}");
        }
    }
}
