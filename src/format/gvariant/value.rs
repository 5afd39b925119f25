//! Writing: an owned value, kept serialised.

use super::frame::Frame;
use super::signature::Signature;
use super::view::View;

/// A value of any type, as the bytes GLib would write.
///
/// ```
/// use airlock::format::gvariant::Value;
///
/// let value = Value::tuple([Value::str("ab"), Value::u32(7)]);
/// assert_eq!(value.signature(), "(su)");
/// assert_eq!(value.bytes(), b"ab\0\0\x07\0\0\0\x03");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    signature: String,
    bytes: Vec<u8>,
}

impl Value {
    /// A byte, `y`.
    pub fn byte(byte: u8) -> Value {
        Value::new("y", [byte])
    }

    /// A boolean, `b`.
    pub fn boolean(value: bool) -> Value {
        Value::new("b", [u8::from(value)])
    }

    /// A 32-bit number, `u`, little-endian.
    pub fn u32(value: u32) -> Value {
        Value::new("u", value.to_le_bytes())
    }

    /// A 64-bit number, `t`, little-endian.
    pub fn u64(value: u64) -> Value {
        Value::new("t", value.to_le_bytes())
    }

    /// A 32-bit number, `u`, big-endian, as OSTree stores owners and modes.
    pub fn u32_be(value: u32) -> Value {
        Value::new("u", value.to_be_bytes())
    }

    /// A 64-bit number, `t`, big-endian, as OSTree stores times.
    pub fn u64_be(value: u64) -> Value {
        Value::new("t", value.to_be_bytes())
    }

    /// A string, `s`; it ends before its first NUL, as every C string does.
    pub fn str(text: &str) -> Value {
        let text = text.split('\0').next().unwrap_or_default();
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Value::new("s", bytes)
    }

    /// Raw bytes, `ay`.
    pub fn ay(bytes: impl Into<Vec<u8>>) -> Value {
        Value::new("ay", bytes)
    }

    /// A list of strings, `as`.
    pub fn strv<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Value {
        Value::array("s", texts.into_iter().map(|text| Value::str(text.as_ref())))
    }

    /// A value in a variant, `v`.
    pub fn variant(child: &Value) -> Value {
        let mut bytes = Vec::with_capacity(child.bytes.len() + 1 + child.signature.len());
        bytes.extend_from_slice(&child.bytes);
        bytes.push(0);
        bytes.extend_from_slice(child.signature.as_bytes());
        Value::new("v", bytes)
    }

    /// A tuple of any values.
    pub fn tuple(members: impl IntoIterator<Item = Value>) -> Value {
        let members: Vec<Value> = members.into_iter().collect();
        Value::structure('(', &members, ')')
    }

    /// A dictionary entry; the key must be of a basic type.
    ///
    /// # Panics
    ///
    /// If the key is a container.
    pub fn dict_entry(key: Value, value: Value) -> Value {
        assert!(
            !key.signature.starts_with(['a', 'm', 'v', '(', '{']),
            "keys are basic"
        );
        Value::structure('{', &[key, value], '}')
    }

    /// An array of values that are all of type `element`.
    ///
    /// # Panics
    ///
    /// If `element` is no type, or an element is of another one.
    pub fn array(element: &str, elements: impl IntoIterator<Item = Value>) -> Value {
        let signature = Signature::parse(element).expect("an array is of a type");
        let mut frame = Frame::new();
        for value in elements {
            assert_eq!(value.signature, element, "an array holds one type");
            frame.pad(signature.alignment());
            frame.push(&value.bytes);
            if signature.fixed_size().is_none() {
                frame.mark_end();
            }
        }
        Value::new(format!("a{element}"), frame.finish_array())
    }

    /// A dictionary from strings to anything, `a{sv}`, in the order given.
    pub fn vardict<'k>(entries: impl IntoIterator<Item = (&'k str, &'k Value)>) -> Value {
        let entry = |(key, value)| Value::dict_entry(Value::str(key), Value::variant(value));
        Value::array("{sv}", entries.into_iter().map(entry))
    }

    /// A number of a basic type, as its little-endian bytes.
    pub(super) fn number<const N: usize>(signature: &str, bytes: [u8; N]) -> Value {
        Value::new(signature, bytes)
    }

    /// The same bytes as another type: a string is an object path or a signature.
    pub(super) fn with_signature(mut self, signature: &str) -> Value {
        signature.clone_into(&mut self.signature);
        self
    }

    /// Copies what a view sees.
    pub fn from_view(view: View<'_>) -> Value {
        Value::new(view.type_str(), view.bytes())
    }

    /// Returns the type.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Returns the serialised bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the serialised bytes, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns the value for reading.
    pub fn view(&self) -> View<'_> {
        View::trusted(self.typed(), &self.bytes)
    }

    /// Takes bytes that are known to be of this type, and in normal form.
    pub(super) fn new(signature: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Value {
        Value {
            signature: signature.into(),
            bytes: bytes.into(),
        }
    }

    fn typed(&self) -> Signature<'_> {
        Signature::parse(&self.signature).expect("a value is of a type")
    }

    fn structure(open: char, members: &[Value], close: char) -> Value {
        let mut signature = String::from(open);
        let mut frame = Frame::new();
        let (mut alignment, mut is_fixed) = (1, true);
        for (index, member) in members.iter().enumerate() {
            let typed = member.typed();
            frame.pad(typed.alignment());
            frame.push(&member.bytes);
            if typed.fixed_size().is_none() {
                is_fixed = false;
                if index + 1 < members.len() {
                    frame.mark_end();
                }
            }
            alignment = alignment.max(typed.alignment());
            signature.push_str(&member.signature);
        }
        signature.push(close);
        if members.is_empty() {
            frame.push(&[0]);
        } else if is_fixed {
            frame.pad(alignment);
        }
        Value::new(signature, frame.finish_tuple())
    }
}
