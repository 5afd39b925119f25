//! GVariant's text format, as `ostree commit --add-metadata` takes it.
//!
//! ```text
//! 'text' "text"          s        true false         b
//! 7 -7 0x1f              i        0.5 1e9            d
//! uint64 7, byte 0x2a …  named    @as []             typed
//! ['a', 'b']             as       ('a', uint32 7)    (su)
//! {'key': <'value'>}     a{sv}    <7>                v
//! b'bytes'               ay, and the NUL that ends it
//! ```
//!
//! The elements of an array have one type: that of the first element which names its own, else
//! double when any is one, else that of the first. Maybes (`just`, `nothing`) are not understood.

mod build;
mod parse;

use super::value::Value;
use super::view::View;

/// Why a text is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at character {at}")]
pub struct TextError {
    /// What is wrong.
    pub what: &'static str,
    /// Where, counted from 1.
    pub at: usize,
}

impl Value {
    /// Reads a value in GVariant's text format.
    ///
    /// ```
    /// use airlock::format::gvariant::Value;
    ///
    /// assert_eq!(Value::from_text("uint64 7"), Ok(Value::u64(7)));
    /// assert_eq!(Value::from_text("['a', 'b']"), Ok(Value::strv(["a", "b"])));
    /// assert!(Value::from_text("a").is_err());
    /// ```
    pub fn from_text(text: &str) -> Result<Value, TextError> {
        let node = parse::parse(text)?;
        let signature = build::signature(&node)?;
        let value = build::build(&node, &signature)?;
        // Whatever is left to be wrong (an object path, a signature, depth) the reader knows.
        match View::parse(value.signature(), value.bytes()) {
            Ok(_) => Ok(value),
            Err(_) => Err(node.fault("this is no value of its type")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type() {
        let pair = || Value::tuple([Value::str("a"), Value::u32(7)]);
        let entry = |key: &str, value| Value::dict_entry(Value::str(key), value);
        for (text, value) in [
            ("'it\\'s'", Value::str("it's")),
            ("\"\\u00e9\\n\\x\"", Value::str("é\nx")),
            ("true", Value::boolean(true)),
            ("uint32 7", Value::u32(7)),
            ("byte 0x2a", Value::byte(42)),
            ("@t 010", Value::u64(8)),
            ("['a']", Value::strv(["a"])),
            ("@as []", Value::strv([""; 0])),
            (
                "[uint64 1, 2]",
                Value::array("t", [Value::u64(1), Value::u64(2)]),
            ),
            (
                "[1, uint64 2]",
                Value::array("t", [Value::u64(1), Value::u64(2)]),
            ),
            (" ( 'a' , uint32 7 ) ", pair()),
            ("[('a', uint32 7)]", Value::array("(su)", [pair()])),
            ("('a',)", Value::tuple([Value::str("a")])),
            ("<uint32 7>", Value::variant(&Value::u32(7))),
            ("b'a\\101'", Value::ay(*b"aA\0")),
            (
                "{'a': uint32 7}",
                Value::array("{su}", [entry("a", Value::u32(7))]),
            ),
            ("@a{sv} {}", Value::array("{sv}", [])),
            (
                "@aas [[], ['a']]",
                Value::array("as", [Value::strv([""; 0]), Value::strv(["a"])]),
            ),
        ] {
            assert_eq!(Value::from_text(text), Ok(value), "{text}");
        }
        for (text, signature) in [
            ("7", "i"),
            ("-7", "i"),
            ("0.5", "d"),
            ("[1, 2.5]", "ad"),
            ("int16 -3", "n"),
            ("int64 -3", "x"),
            ("objectpath '/a'", "o"),
            ("signature 'as'", "g"),
            ("[<1>, <'a'>]", "av"),
            ("{'a': <1>, 'b': <[true]>}", "a{sv}"),
        ] {
            let value = Value::from_text(text).expect(text);
            assert_eq!(value.signature(), signature, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_value() {
        let deep = "[".repeat(5000);
        for text in [
            "",
            "a",
            "'a",
            "1 2",
            "[1, 'a']",
            "[",
            "[1,",
            "[]",
            "{}",
            "uint32 -1",
            "byte 256",
            "int32 'a'",
            "2147483648",
            "@z 1",
            "@s 7",
            "string 7",
            "nothing",
            "just 1",
            "<1",
            "(1",
            "{1 2}",
            "{['a']: 1}",
            "'\\ud800'",
            "08",
            "1.5e",
            "--1",
            "0x",
            "objectpath 'a'",
            "signature '('",
            "boolean 1",
            "'a\\u0000b'",
            "b'\\400'",
            "inf 1",
            &deep,
        ] {
            assert!(Value::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fault_has_a_place() {
        let fault = Value::from_text("[1, 'a']").unwrap_err();
        assert_eq!(fault.to_string(), "an integer was expected, at character 5");
    }
}
