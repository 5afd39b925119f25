//! Reading: a borrowed value that is known to be in normal form.

use super::frame::{ArrayFrame, TupleFrame};
use super::normal::{check, split_variant};
use super::signature::Signature;
use crate::format::FormatError;

/// A value in somebody else's bytes, known to be of its type and in normal form.
///
/// Reading it as what it is not (a string as a number) gives `None`, never a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    signature: Signature<'a>,
    bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Checks that `bytes` are a value of type `signature` in normal form.
    pub fn parse(signature: &'a str, bytes: &'a [u8]) -> Result<View<'a>, FormatError> {
        let signature = Signature::parse(signature)?;
        check(signature, bytes).map_err(|fault| FormatError::NotNormal {
            signature: signature.as_str().to_owned(),
            fault,
        })?;
        Ok(View { signature, bytes })
    }

    /// Takes bytes that are known to be in normal form: those a [`super::Value`] made.
    pub(super) fn trusted(signature: Signature<'a>, bytes: &'a [u8]) -> View<'a> {
        View { signature, bytes }
    }

    /// Returns the type.
    pub fn signature(&self) -> Signature<'a> {
        self.signature
    }

    /// Returns the type as text.
    pub fn type_str(&self) -> &'a str {
        self.signature.as_str()
    }

    /// Returns the serialised bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of children: elements, members, or the child of a variant or maybe.
    pub fn len(&self) -> usize {
        match self.signature.first() {
            b'a' => self.array().map_or(0, |frame| frame.count()),
            b'(' | b'{' => self.signature.members().count(),
            b'v' => 1,
            b'm' => usize::from(!self.bytes.is_empty()),
            _ => 0,
        }
    }

    /// Tells whether there are no children.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a child by its position.
    pub fn child(&self, index: usize) -> Option<View<'a>> {
        match self.signature.first() {
            b'a' => self.element(&self.array()?, index),
            b'(' | b'{' => self.members().nth(index),
            b'v' if index == 0 => self.variant(),
            b'm' if index == 0 => self.maybe_child(),
            _ => None,
        }
    }

    /// Iterates over the children.
    pub fn iter(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let this = *self;
        let frame = self.array();
        let elements = frame.into_iter().flat_map(move |frame| {
            (0..frame.count()).filter_map(move |index| this.element(&frame, index))
        });
        let single = match self.signature.first() {
            b'v' | b'm' => self.child(0),
            _ => None,
        };
        elements.chain(self.members()).chain(single)
    }

    /// Returns the members of a tuple or dictionary entry that has exactly `N` of them.
    pub fn tuple<const N: usize>(&self) -> Option<[View<'a>; N]> {
        let mut members = self.members();
        let mut found = [*self; N];
        for slot in &mut found {
            *slot = members.next()?;
        }
        members.next().is_none().then_some(found)
    }

    /// Returns the text of a string, object path or signature.
    pub fn as_str(&self) -> Option<&'a str> {
        let text = match self.signature.first() {
            b's' | b'o' | b'g' => self.bytes.split_last()?.1,
            _ => return None,
        };
        std::str::from_utf8(text).ok()
    }

    /// Returns the bytes of an `ay`.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        (self.type_str() == "ay").then_some(self.bytes)
    }

    /// Returns a byte.
    pub fn byte(&self) -> Option<u8> {
        self.number("y").map(u8::from_le_bytes)
    }

    /// Returns a boolean.
    pub fn boolean(&self) -> Option<bool> {
        self.number("b").map(|[byte]| byte == 1)
    }

    /// Returns a 16-bit unsigned number.
    pub fn u16(&self) -> Option<u16> {
        self.number("q").map(u16::from_le_bytes)
    }

    /// Returns a 32-bit unsigned number.
    pub fn u32(&self) -> Option<u32> {
        self.number("u").map(u32::from_le_bytes)
    }

    /// Returns a 64-bit unsigned number.
    pub fn u64(&self) -> Option<u64> {
        self.number("t").map(u64::from_le_bytes)
    }

    /// Returns a 32-bit unsigned number that OSTree stored big-endian: owners and modes.
    pub fn u32_be(&self) -> Option<u32> {
        self.number("u").map(u32::from_be_bytes)
    }

    /// Returns a 64-bit unsigned number that OSTree stored big-endian: times.
    pub fn u64_be(&self) -> Option<u64> {
        self.number("t").map(u64::from_be_bytes)
    }

    /// Returns what is in a variant.
    pub fn variant(&self) -> Option<View<'a>> {
        if self.signature.first() != b'v' {
            return None;
        }
        let (signature, bytes) = split_variant(self.bytes)?;
        Some(View { signature, bytes })
    }

    /// Returns the value of a key in an `a{sv}`, out of its variant; the first if there are two.
    pub fn lookup(&self, key: &str) -> Option<View<'a>> {
        self.iter().find_map(|entry| {
            let [name, value] = entry.tuple()?;
            (name.as_str()? == key).then(|| value.variant())?
        })
    }

    fn number<const N: usize>(&self, letter: &str) -> Option<[u8; N]> {
        if self.type_str() != letter {
            return None;
        }
        self.bytes.try_into().ok()
    }

    fn array(&self) -> Option<ArrayFrame<'a>> {
        let element = self
            .signature
            .element()
            .filter(|_| self.signature.first() == b'a')?;
        ArrayFrame::read(element, self.bytes)
    }

    fn element(&self, frame: &ArrayFrame<'a>, index: usize) -> Option<View<'a>> {
        let bytes = self.bytes.get(frame.element(index)?)?;
        Some(View {
            signature: self.signature.element()?,
            bytes,
        })
    }

    fn members(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let bytes = self.bytes;
        let mut frame = TupleFrame::new(self.signature, bytes);
        std::iter::from_fn(move || {
            let (signature, range) = frame.step()?;
            Some(View {
                signature,
                bytes: bytes.get(range?)?,
            })
        })
    }

    fn maybe_child(&self) -> Option<View<'a>> {
        let signature = self.signature.element()?;
        let bytes = match signature.fixed_size() {
            Some(_) if !self.bytes.is_empty() => self.bytes,
            Some(_) => return None,
            None => self.bytes.split_last()?.1,
        };
        Some(View { signature, bytes })
    }
}
