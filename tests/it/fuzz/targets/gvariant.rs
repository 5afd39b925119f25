//! GVariant: any type, any bytes; and the text format.

use airlock::format::gvariant::{Value, View};

/// The types of everything OSTree defines, for inputs that name none.
const OSTREE: &[&str] = &[
    "(a{sv}aya(say)sstayay)",
    "(a(say)a(sayay))",
    "(uuua(ayay))",
    "(a(s(taya{sv}))a{sv})",
    "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))",
    "(a(uuu)aa(ayay)ayay)",
    "a{sv}",
];

/// The input is a type, a newline, and bytes; or one digit for a type of OSTree's.
///
/// Bytes that are taken for a value are in normal form: put together again from its children, it is
/// the same bytes. Reading a value as what it is not gives nothing, and never a panic.
pub fn gvariant(data: &[u8]) -> bool {
    let Some((signature, bytes)) = split(data) else {
        return false;
    };
    let Ok(view) = View::parse(signature, bytes) else {
        return false;
    };
    assert_eq!(rebuild(view).bytes(), bytes, "a second form of {signature}");
    true
}

/// A text that is taken for a value makes one in normal form.
pub fn gvariant_text(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let Ok(value) = Value::from_text(text) else {
        return false;
    };
    let view = View::parse(value.signature(), value.bytes());
    assert_eq!(rebuild(view.expect("normal form")), value);
    true
}

fn split(data: &[u8]) -> Option<(&str, &[u8])> {
    let at = data.iter().take(256).position(|&byte| byte == b'\n')?;
    let (signature, bytes) = (&data[..at], &data[at + 1..]);
    if let [digit @ b'0'..=b'9'] = signature {
        return Some((OSTREE.get(usize::from(digit - b'0'))?, bytes));
    }
    Some((std::str::from_utf8(signature).ok()?, bytes))
}

/// Reads a value in every way there is, and writes it again from what was read.
fn rebuild(view: View<'_>) -> Value {
    let _ = (view.byte(), view.boolean(), view.u16(), view.as_bytes());
    let _ = (view.u32(), view.u64(), view.u32_be(), view.u64_be());
    let _ = (view.as_str(), view.tuple::<2>(), view.lookup("version"));
    assert!(view.child(view.len()).is_none());
    let children = || view.iter().map(rebuild);
    match view.type_str().as_bytes()[0] {
        b'a' if view.type_str() == "ay" => Value::ay(view.bytes()),
        b'a' => Value::array(&view.type_str()[1..], children()),
        b'(' => Value::tuple(children()),
        b'{' => {
            let [key, value] = view.tuple().expect("a key and a value");
            Value::dict_entry(rebuild(key), rebuild(value))
        }
        b'v' => Value::variant(&rebuild(view.variant().expect("a variant holds a value"))),
        b's' => Value::str(view.as_str().expect("a string")),
        b'm' => {
            children().for_each(drop);
            Value::from_view(view)
        }
        _ => Value::from_view(view),
    }
}
