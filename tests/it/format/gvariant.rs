//! GVariant against what GLib wrote, and against itself.

use airlock::format::FormatError;
use airlock::format::gvariant::{Fault, Value, View};
use proptest::prelude::*;

use super::{data, hex};

/// Builds the value a view sees out of its smallest parts.
fn rebuild(view: View<'_>) -> Value {
    let children = || view.iter().map(rebuild);
    match view.type_str().as_bytes()[0] {
        b'a' if view.type_str() == "ay" => Value::ay(view.as_bytes().unwrap()),
        b'a' => Value::array(&view.type_str()[1..], children()),
        b'(' => Value::tuple(children()),
        b'{' => {
            let [key, value] = view.tuple().unwrap();
            Value::dict_entry(rebuild(key), rebuild(value))
        }
        b'v' => Value::variant(&rebuild(view.variant().unwrap())),
        b's' => Value::str(view.as_str().unwrap()),
        b'u' => Value::u32(view.u32().unwrap()),
        b't' => Value::u64(view.u64().unwrap()),
        b'y' => Value::byte(view.byte().unwrap()),
        b'b' => Value::boolean(view.boolean().unwrap()),
        _ => Value::from_view(view),
    }
}

fn assert_round_trip(signature: &str, bytes: &[u8]) {
    let view = View::parse(signature, bytes).unwrap_or_else(|e| panic!("{signature}: {e}"));
    assert_eq!(view.iter().count(), view.len(), "{signature}");
    for (index, child) in view.iter().enumerate() {
        assert_eq!(view.child(index), Some(child), "{signature}");
    }
    assert_eq!(view.child(view.len()), None, "{signature}");
    let rebuilt = rebuild(view);
    assert_eq!(rebuilt.signature(), signature);
    assert_eq!(rebuilt.bytes(), bytes, "{signature}");
}

#[test]
fn what_glib_wrote_is_read_and_written_again() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_slice(&data("format/gvariant.json")).unwrap();
    for case in &cases {
        let field = |name: &str| case[name].as_str().unwrap();
        assert_round_trip(field("type"), &hex(field("hex_le")));
    }
    assert!(cases.len() > 40, "only {} cases", cases.len());
}

/// The width of framing offsets changes where the whole container outgrows it.
#[test]
fn offsets_are_as_wide_as_the_whole_container_needs() {
    for (letters, len) in [(251, 255), (252, 257), (65530, 65535), (65531, 65538)] {
        // (ss): letters, NUL, "y", NUL, one offset.
        let letters = "x".repeat(letters);
        let value = Value::tuple([Value::str(&letters), Value::str("y")]);
        assert_eq!(value.bytes().len(), len);
        assert_round_trip("(ss)", value.bytes());
    }
    for (letters, len) in [(253, 255), (254, 257), (65532, 65535), (65533, 65538)] {
        let value = Value::strv(["x".repeat(letters)]);
        assert_eq!(value.bytes().len(), len);
        assert_round_trip("as", value.bytes());
    }
}

#[test]
fn bytes_that_are_not_in_normal_form() {
    for (signature, bytes, fault) in [
        ("u", "010000", Fault::Size),
        ("u", "0100000000", Fault::Size),
        ("b", "02", Fault::Boolean),
        ("ab", "0002", Fault::Boolean),
        ("()", "01", Fault::Padding),
        ("()", "", Fault::Size),
        ("at", "01", Fault::Size),
        ("a(yy)", "010203", Fault::Offset),
        ("(yu)", "01 000001 00000000", Fault::Padding),
        ("(uy)", "00000000 01 000001", Fault::Padding),
        ("s", "", Fault::Nul),
        ("s", "61", Fault::Nul),
        ("s", "610062 00", Fault::Nul),
        ("s", "ff00", Fault::Utf8),
        ("s", "eda08000", Fault::Utf8),
        ("o", "6100", Fault::Grammar),
        ("o", "2f612f00", Fault::Grammar),
        ("g", "7a00", Fault::Grammar),
        ("g", "6d7300", Fault::Grammar),
        ("v", "", Fault::Variant),
        ("v", "75", Fault::Variant),
        ("v", "0500000000", Fault::Variant),
        ("v", "0500000000 7575", Fault::Variant),
        ("v", "05000000 00 74", Fault::Size),
        ("ms", "6100 01", Fault::Padding),
        ("as", "6100 03", Fault::Table),
        ("as", "01", Fault::Table),
        ("as", "6100 0200", Fault::Offset),
        ("as", "6100 020102", Fault::Offset),
        ("aay", "0102 02 01", Fault::Offset),
        ("(ss)", "6100 6200", Fault::Nul),
        ("(ss)", "6100 6200 05", Fault::Offset),
        ("(ayay)", "", Fault::Table),
        ("(ss)", "6100 00 6200 03", Fault::Nul),
        ("(sy)", "6100 01 00 02", Fault::Table),
        ("a{sv}", "6100 00000000 0001 01 00 79 02 0c", Fault::Padding),
    ] {
        let input = hex(bytes);
        let found = View::parse(signature, &input).map(Value::from_view);
        let expected = FormatError::NotNormal {
            signature: signature.to_owned(),
            fault,
        };
        assert_eq!(found, Err(expected), "{signature} {bytes}");
    }
}

/// A table wider than needed reads the same, and so is refused: one content, one form.
#[test]
fn a_table_wider_than_needed() {
    let body = vec![7; 254];
    let mut bytes = body.clone();
    bytes.extend(254_u16.to_le_bytes()); // 256 bytes, so two-byte offsets; one byte would do
    let fault = View::parse("aay", &bytes).unwrap_err();
    assert!(
        matches!(
            fault,
            FormatError::NotNormal {
                fault: Fault::Table,
                ..
            }
        ),
        "{fault}"
    );
    assert_eq!(Value::array("ay", [Value::ay(body)]).bytes().len(), 255);
}

#[test]
fn variants_in_variants_end_somewhere() {
    let nested = |levels: usize| (0..levels).fold(Value::byte(1), |v, _| Value::variant(&v));
    assert!(View::parse("v", nested(100).bytes()).is_ok());
    let fault = View::parse("v", nested(200).bytes()).unwrap_err();
    assert!(
        matches!(
            fault,
            FormatError::NotNormal {
                fault: Fault::Depth,
                ..
            }
        ),
        "{fault}"
    );
}

#[test]
fn lookup_finds_the_value_in_its_variant() {
    let (text, number) = (Value::str("1.0"), Value::u64(5));
    let dict = Value::vardict([("version", &text), ("num", &number)]);
    let view = dict.view();
    assert_eq!(view.lookup("version").and_then(|v| v.as_str()), Some("1.0"));
    assert_eq!(view.lookup("num").and_then(|v| v.u64()), Some(5));
    assert_eq!(view.lookup("num").and_then(|v| v.u32()), None);
    assert_eq!(view.lookup("absent"), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u8>().prop_map(Value::byte),
        any::<bool>().prop_map(Value::boolean),
        any::<u32>().prop_map(Value::u32),
        any::<u64>().prop_map(Value::u64),
        "[^\0]{0,300}".prop_map(|text| Value::str(&text)),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::ay),
    ];
    leaf.prop_recursive(4, 60, 5, |inner| {
        prop_oneof![
            inner.clone().prop_map(|value| Value::variant(&value)),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::tuple),
            (inner.clone(), 0..5_usize).prop_map(|(value, count)| {
                let element = value.signature().to_owned();
                Value::array(&element, std::iter::repeat_n(value, count))
            }),
            prop::collection::vec(("[a-z]{1,9}", inner), 0..5).prop_map(|entries| {
                Value::vardict(entries.iter().map(|(key, value)| (key.as_str(), value)))
            }),
        ]
    })
    .prop_filter("types longer than 255 are not read", |value| {
        value.signature().len() < 200
    })
}

proptest! {
    #[test]
    fn every_value_is_read_as_it_was_written(value in any_value()) {
        assert_round_trip(value.signature(), value.bytes());
    }

    /// Normal form is unique: changed bytes are refused, or are the form of what they now say.
    #[test]
    fn changed_bytes_are_refused_or_another_value(value in any_value(), at: prop::sample::Index, bit in 0..8) {
        let mut bytes = value.bytes().to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
        }
        if let Ok(view) = View::parse(value.signature(), &bytes) {
            let rebuilt = rebuild(view);
            prop_assert_eq!(rebuilt.bytes(), bytes.as_slice());
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for signature in ["a{sv}", "(a{sv}aya(say)sstayay)", "(a(say)a(sayay))", "v", "av", "(msmuas)", "aaay"] {
            if let Ok(view) = View::parse(signature, &bytes) {
                let rebuilt = rebuild_unless_maybe(view);
                prop_assert!(rebuilt.is_none_or(|value| value.bytes() == bytes));
            }
        }
    }
}

fn rebuild_unless_maybe(view: View<'_>) -> Option<Value> {
    (!view.type_str().contains('m') && !view.type_str().contains('v')).then(|| rebuild(view))
}
