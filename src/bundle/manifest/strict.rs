//! JSON in one spelling only: what a signature covers must not read two ways.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::ManifestFault;

/// How deep arrays and objects may nest.
const MAX_DEPTH: u8 = 8;

/// Reads a JSON document without duplicate keys, floats, negative numbers, NUL or deep nesting,
/// followed by nothing but newlines.
///
/// This is the reader of everything that airlock signs. The caller compares the first bytes,
/// which name the document's kind, and limits the size beforehand.
pub fn strict_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ManifestFault> {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != b'\n')
        .map_or(0, |last| last + 1);
    let (document, _) = bytes.split_at(end);
    if !document.ends_with(b"}") {
        return Err(ManifestFault::Trailing);
    }
    let mut reader = serde_json::Deserializer::from_slice(document);
    Shape { depth: MAX_DEPTH }
        .deserialize(&mut reader)
        .map_err(ManifestFault::json)?;
    reader.end().map_err(ManifestFault::json)?;
    serde_json::from_slice(document).map_err(ManifestFault::json)
}

/// Walks a document without keeping it, and refuses what has no place in it.
#[derive(Clone, Copy)]
struct Shape {
    depth: u8,
}

impl Shape {
    fn deeper<E: de::Error>(self) -> Result<Shape, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Shape { depth }),
            None => Err(E::custom(format_args!("nested more than {MAX_DEPTH} deep"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a whole number, a string, an array or an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        match text.contains('\0') {
            true => Err(E::custom("a string contains NUL")),
            false => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.visit_str(&key)?;
            entries.next_value_seed(inner)?;
            if let Some(key) = keys.replace(key) {
                return Err(de::Error::custom(format_args!(
                    "the key {key:?} stands twice"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        strict_json::<serde_json::Value>(text.as_bytes())
            .expect_err(text)
            .to_string()
    }

    #[test]
    fn one_spelling_is_accepted() {
        for good in [
            "{}",
            "{}\n\n\n",
            r#"{"a":[1,18446744073709551615,true,null,"x"],"b":{}}"#,
        ] {
            strict_json::<serde_json::Value>(good.as_bytes()).expect(good);
        }
        let eight = format!("{{\"a\":{}1{}}}", "[".repeat(7), "]".repeat(7));
        strict_json::<serde_json::Value>(eight.as_bytes()).expect("eight deep");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let nine = format!("{{\"a\":{}1{}}}", "[".repeat(8), "]".repeat(8));
        let hundred_thousand = format!("{{\"a\":{}", "[".repeat(100_000));
        for (text, reason) in [
            (r#"{"a":1,"a":1}"#, "stands twice"),
            (r#"{"x":[{"a":1,"\u0061":1}]}"#, "stands twice"),
            (r#"{"a":1.0}"#, "floating point"),
            (r#"{"a":1e3}"#, "floating point"),
            (r#"{"a":-0}"#, "invalid type"),
            (r#"{"a":-1}"#, "integer `-1`"),
            (r#"{"a":18446744073709551616}"#, "floating point"),
            (r#"{"a":"\u0000"}"#, "NUL"),
            (r#"{"\u0000":1}"#, "NUL"),
            (nine.as_str(), "nested more than 8 deep"),
            (hundred_thousand.as_str(), "newlines"),
            ("{} ", "newlines"),
            ("{}\r\n", "newlines"),
            ("{}{}", "trailing characters"),
            ("[]", "newlines"),
            ("", "newlines"),
            ("{\"a\":\"\u{1}\"}", "control character"),
            (r#"{"a":"\ud800"}"#, "hex escape"),
            (r#"{"a":01}"#, "invalid number"),
            (r#"{"a":1,}"#, "trailing comma"),
        ] {
            let said = fault(text);
            assert!(said.contains(reason), "{text:.40}: {said}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        strict_json::<serde_json::Value>(b"{\"a\":\"\xff\"}").expect_err("not UTF-8");
    }
}
