//! The check for normal form: whether bytes are those that GLib would have written.

use super::frame::{ArrayFrame, TupleFrame, framed_len};
use super::signature::{MAX_DEPTH, Signature, is_dbus_signature};

/// What keeps bytes from being normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A value of fixed size has another size.
    #[error("a value has the wrong size")]
    Size,
    /// A boolean is neither 0 nor 1.
    #[error("a boolean is neither 0 nor 1")]
    Boolean,
    /// A string does not end with its only NUL.
    #[error("a string does not end with its only NUL")]
    Nul,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    Utf8,
    /// An object path or signature does not follow its grammar.
    #[error("an object path or signature does not follow its grammar")]
    Grammar,
    /// A padding byte is not zero.
    #[error("a padding byte is not zero")]
    Padding,
    /// A framing offset points outside its container, or backwards, or is missing.
    #[error("a framing offset is out of place")]
    Offset,
    /// The framing offsets are wider than they need to be, or more than there are children.
    #[error("the framing offsets are not as short as possible")]
    Table,
    /// A variant does not end with its type.
    #[error("a variant does not end with a type")]
    Variant,
    /// Values nest too deeply.
    #[error("values nest too deeply")]
    Depth,
    /// The types are so intricate, and the values so small, that nobody could mean it.
    #[error("its types are more work to read than so few bytes are worth")]
    Work,
}

/// How much work each byte may cause, and every value besides: a type is scanned for each value
/// that has it, so that a byte in sixty parentheses costs what thousands of plain ones do. No type
/// of OSTree's needs half of it.
const WORK_PER_BYTE: usize = 16;
const WORK_AT_LEAST: usize = 1 << 16;

/// Checks that `bytes` are a value of type `signature` in normal form.
pub(super) fn check(signature: Signature<'_>, bytes: &[u8]) -> Result<(), Fault> {
    let work = WORK_PER_BYTE
        .saturating_mul(bytes.len())
        .saturating_add(WORK_AT_LEAST);
    Check { work }.value(signature, bytes, 0)
}

/// A check under way.
struct Check {
    /// How much more work it may be.
    work: usize,
}

impl Check {
    fn value(&mut self, signature: Signature<'_>, bytes: &[u8], depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::Depth);
        }
        self.spend(signature)?;
        if signature
            .fixed_size()
            .is_some_and(|size| size != bytes.len())
        {
            return Err(Fault::Size);
        }
        match signature.first() {
            b'b' => bytes
                .iter()
                .all(|&byte| byte <= 1)
                .then_some(())
                .ok_or(Fault::Boolean),
            b's' => string(bytes).map(drop),
            b'o' => grammar(bytes, is_object_path),
            b'g' => grammar(bytes, is_dbus_signature),
            b'v' => self.variant(bytes, depth),
            b'a' => self.array(signature, bytes, depth),
            b'm' => self.maybe(signature, bytes, depth),
            b'(' | b'{' => self.tuple(signature, bytes, depth),
            _ => Ok(()),
        }
    }

    /// Counts the work of one value: a tuple scans what is in it once for every member.
    fn spend(&mut self, signature: Signature<'_>) -> Result<(), Fault> {
        let len = signature.as_str().len();
        let work = match signature.first() {
            b'(' | b'{' => len * len,
            _ => len,
        };
        self.work = self.work.checked_sub(work).ok_or(Fault::Work)?;
        Ok(())
    }

    fn variant(&mut self, bytes: &[u8], depth: usize) -> Result<(), Fault> {
        let (signature, child) = split_variant(bytes).ok_or(Fault::Variant)?;
        self.value(signature, child, depth + 1)
    }

    fn maybe(&mut self, signature: Signature<'_>, bytes: &[u8], depth: usize) -> Result<(), Fault> {
        let element = signature.element().ok_or(Fault::Size)?;
        match (bytes.split_last(), element.fixed_size()) {
            (None, _) => Ok(()),
            (Some(_), Some(_)) => self.value(element, bytes, depth + 1),
            (Some((0, child)), None) => self.value(element, child, depth + 1),
            (Some(_), None) => Err(Fault::Padding),
        }
    }

    fn array(&mut self, signature: Signature<'_>, bytes: &[u8], depth: usize) -> Result<(), Fault> {
        let element = signature.element().ok_or(Fault::Size)?;
        if is_number(element) {
            // Every pattern of bits is a number, so that only the length can be wrong.
            let size = element.fixed_size().unwrap_or(1);
            return bytes
                .len()
                .is_multiple_of(size)
                .then_some(())
                .ok_or(Fault::Size);
        }
        let frame = ArrayFrame::read(element, bytes).ok_or(Fault::Offset)?;
        if !frame.is_minimal() {
            return Err(Fault::Table);
        }
        let mut previous = 0;
        for index in 0..frame.count() {
            let range = frame.element(index).ok_or(Fault::Offset)?;
            zeros(bytes, previous, range.start)?;
            let child = bytes.get(range.clone()).ok_or(Fault::Offset)?;
            self.value(element, child, depth + 1)?;
            previous = range.end;
        }
        Ok(())
    }

    fn tuple(&mut self, signature: Signature<'_>, bytes: &[u8], depth: usize) -> Result<(), Fault> {
        let fixed = signature.fixed_size().is_some();
        let mut frame = TupleFrame::new(signature, bytes);
        loop {
            let previous = frame.end();
            let Some((member, range)) = frame.step() else {
                break;
            };
            let range = range.ok_or(Fault::Offset)?;
            if range.end > frame.table() {
                return Err(Fault::Offset);
            }
            zeros(bytes, previous, range.start)?;
            let child = bytes.get(range).ok_or(Fault::Offset)?;
            self.value(member, child, depth + 1)?;
        }
        if fixed {
            return zeros(bytes, frame.end(), bytes.len());
        }
        let minimal = framed_len(frame.end(), frame.offsets()) == bytes.len();
        (frame.end() == frame.table() && minimal)
            .then_some(())
            .ok_or(Fault::Table)
    }
}

fn string(bytes: &[u8]) -> Result<&str, Fault> {
    let (&0, text) = bytes.split_last().ok_or(Fault::Nul)? else {
        return Err(Fault::Nul);
    };
    if text.contains(&0) {
        return Err(Fault::Nul);
    }
    std::str::from_utf8(text).map_err(|_| Fault::Utf8)
}

fn grammar(bytes: &[u8], follows: fn(&str) -> bool) -> Result<(), Fault> {
    follows(string(bytes)?).then_some(()).ok_or(Fault::Grammar)
}

fn is_object_path(text: &str) -> bool {
    let is_element = |element: &str| {
        !element.is_empty()
            && element
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match text.strip_prefix('/') {
        Some("") => true,
        Some(elements) => elements.split('/').all(is_element),
        None => false,
    }
}

/// Splits a variant into the type and the bytes of its child.
pub(super) fn split_variant(bytes: &[u8]) -> Option<(Signature<'_>, &[u8])> {
    let nul = bytes.iter().rposition(|&byte| byte == 0)?;
    let text = std::str::from_utf8(bytes.get(nul + 1..)?).ok()?;
    Some((Signature::parse(text).ok()?, bytes.get(..nul)?))
}

fn is_number(signature: Signature<'_>) -> bool {
    b"ynqiuhxtd".contains(&signature.first())
}

/// Checks the padding between two children.
fn zeros(bytes: &[u8], from: usize, to: usize) -> Result<(), Fault> {
    let padding = bytes.get(from..to).ok_or(Fault::Offset)?;
    padding
        .iter()
        .all(|&byte| byte == 0)
        .then_some(())
        .ok_or(Fault::Padding)
}
