//! Type strings: one complete definite type, such as `(a(say)a(sayay))`.

use crate::format::FormatError;

/// A type string that is known to be one complete definite type.
///
/// It borrows its text, so that a type costs no allocation: alignment and size are a scan over a
/// few letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature<'a>(&'a str);

/// The longest type string that is read; D-Bus has the same limit.
///
/// It also bounds the work that a few bytes of input can cause, since a type is scanned once
/// for every container that has it.
pub(super) const MAX_SIGNATURE: usize = 255;

/// How deep types, and variants in variants, may nest; GLib has the same limit.
pub(super) const MAX_DEPTH: usize = 128;

impl<'a> Signature<'a> {
    /// Checks that a text is one complete definite type.
    pub fn parse(text: &'a str) -> Result<Signature<'a>, FormatError> {
        match complete_type(text.as_bytes(), 0) {
            Some(len) if len == text.len() && len <= MAX_SIGNATURE => Ok(Signature(text)),
            _ => Err(FormatError::Signature(
                text.chars().take(MAX_SIGNATURE).collect(),
            )),
        }
    }

    /// Returns the text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Returns what a value's offset must be a multiple of: the strictest of all its leaves.
    pub fn alignment(self) -> usize {
        self.0.bytes().map(leaf_alignment).max().unwrap_or(1)
    }

    /// Returns the size every value of this type has, if they all have the same.
    pub fn fixed_size(self) -> Option<usize> {
        match self.first() {
            b'y' | b'b' => Some(1),
            b'n' | b'q' => Some(2),
            b'i' | b'u' | b'h' => Some(4),
            b'x' | b't' | b'd' => Some(8),
            b'(' | b'{' => self.fixed_tuple_size(),
            _ => None,
        }
    }

    fn fixed_tuple_size(self) -> Option<usize> {
        if self.0.bytes().any(|letter| b"sogvam".contains(&letter)) {
            return None;
        }
        let mut end = 0_usize;
        for member in self.members() {
            end = end.next_multiple_of(member.alignment()) + member.fixed_size()?;
        }
        // The empty tuple still takes a byte.
        Some(end.next_multiple_of(self.alignment()).max(1))
    }

    /// Returns the first letter, which says what kind of type this is.
    pub(super) fn first(self) -> u8 {
        self.0.bytes().next().unwrap_or_default()
    }

    /// Returns the type of the elements of an array, or of the child of a maybe.
    pub(super) fn element(self) -> Option<Signature<'a>> {
        self.0.strip_prefix(['a', 'm']).map(Signature)
    }

    /// Iterates over the members of a tuple or dictionary entry; other types have none.
    pub(super) fn members(self) -> Members<'a> {
        let inner = match self.first() {
            b'(' | b'{' => self.0.get(1..self.0.len() - 1),
            _ => None,
        };
        Members(inner.unwrap_or_default())
    }
}

/// The members of a tuple type, in order.
#[derive(Clone, Debug)]
pub(super) struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = Signature<'a>;

    fn next(&mut self) -> Option<Signature<'a>> {
        let (first, rest) = self
            .0
            .split_at_checked(complete_type(self.0.as_bytes(), 0)?)?;
        self.0 = rest;
        Some(Signature(first))
    }
}

fn leaf_alignment(letter: u8) -> usize {
    match letter {
        b'n' | b'q' => 2,
        b'i' | b'u' | b'h' => 4,
        b'x' | b't' | b'd' | b'v' => 8,
        _ => 1,
    }
}

/// Returns the length of the complete type that `text` begins with.
fn complete_type(text: &[u8], depth: usize) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    match text.first()? {
        b'y' | b'b' | b'n' | b'q' | b'i' | b'u' | b'h' | b'x' | b't' | b'd' => Some(1),
        b's' | b'o' | b'g' | b'v' => Some(1),
        b'a' | b'm' => Some(1 + complete_type(text.get(1..)?, depth + 1)?),
        b'(' => {
            let mut end = 1;
            while text.get(end)? != &b')' {
                end += complete_type(text.get(end..)?, depth + 1)?;
            }
            Some(end + 1)
        }
        b'{' => {
            let key = text.get(1).filter(|letter| !b"vam({".contains(letter))?;
            complete_type(&[*key], depth + 1)?;
            let end = 2 + complete_type(text.get(2..)?, depth + 1)?;
            (text.get(end)? == &b'}').then_some(end + 1)
        }
        _ => None,
    }
}

/// Tells whether a text is a D-Bus signature, the content of a `g`: any number of complete types
/// without maybes.
pub(super) fn is_dbus_signature(text: &str) -> bool {
    let mut members = Members(text);
    members.by_ref().for_each(drop);
    members.0.is_empty() && !text.contains('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignments_and_sizes() {
        for (text, alignment, size) in [
            ("y", 1, Some(1)),
            ("q", 2, Some(2)),
            ("u", 4, Some(4)),
            ("d", 8, Some(8)),
            ("s", 1, None),
            ("v", 8, None),
            ("ay", 1, None),
            ("at", 8, None),
            ("mu", 4, None),
            ("()", 1, Some(1)),
            ("(uuu)", 4, Some(12)),
            ("((yu)y)", 4, Some(12)),
            ("(yt)", 8, Some(16)),
            ("{yv}", 8, None),
            ("a{sv}", 8, None),
            ("(a{sv}aya(say)sstayay)", 8, None),
            ("(uuua(ayay))", 4, None),
        ] {
            let signature = Signature::parse(text).expect(text);
            assert_eq!(signature.alignment(), alignment, "{text}");
            assert_eq!(signature.fixed_size(), size, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_type() {
        let deep = "a".repeat(200) + "y";
        let long = format!("({})", "y".repeat(MAX_SIGNATURE));
        for text in [
            "", "a", "z", "yy", "(", "(y", "y)", "{y}", "{vs}", "{ayy}", "{syy}", "*", "r", "a?",
            "é",
        ] {
            assert!(Signature::parse(text).is_err(), "{text}");
        }
        assert!(Signature::parse(&deep).is_err());
        assert!(Signature::parse(&long).is_err());
    }
}
