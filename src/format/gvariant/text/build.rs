//! From a tree to a value: which type everything has, and its bytes.

use super::super::signature::Signature;
use super::super::value::Value;
use super::TextError;
use super::parse::{Node, What};

/// Returns the type a value has when nothing around it says otherwise.
pub(super) fn signature(node: &Node) -> Result<String, TextError> {
    Ok(match &node.what {
        What::Number(digits) if is_float(digits) => "d".to_owned(),
        What::Number(_) => "i".to_owned(),
        What::Text(_) => "s".to_owned(),
        What::Bytes(_) => "ay".to_owned(),
        What::Boolean(_) => "b".to_owned(),
        What::Variant(_) => "v".to_owned(),
        What::Typed(signature, _) => match Signature::parse(signature) {
            Ok(signature) => signature.as_str().to_owned(),
            Err(_) => return Err(node.fault("this is no type")),
        },
        What::Array(elements) => format!("a{}", common(node, elements.iter())?),
        What::Tuple(members) => {
            let members: Result<String, _> = members.iter().map(signature).collect();
            format!("({})", members?)
        }
        What::Dict(entries) => format!(
            "a{{{}{}}}",
            common(node, entries.iter().map(|(key, _)| key))?,
            common(node, entries.iter().map(|(_, value)| value))?
        ),
    })
}

/// Returns the type that all of these have.
fn common<'n>(
    around: &Node,
    nodes: impl Iterator<Item = &'n Node> + Clone,
) -> Result<String, TextError> {
    let is_double = |node: &&Node| matches!(&node.what, What::Number(digits) if is_float(digits));
    let first = || nodes.clone().next();
    let speaks = nodes.clone().find(|node| names_its_type(node));
    let speaks = speaks
        .or_else(|| nodes.clone().find(is_double))
        .or_else(first);
    signature(speaks.ok_or_else(|| around.fault("what is empty needs a type, such as @as []"))?)
}

/// Tells whether a value says itself of which type it is.
fn names_its_type(node: &Node) -> bool {
    match &node.what {
        What::Number(_) | What::Text(_) => false,
        What::Bytes(_) | What::Boolean(_) | What::Variant(_) | What::Typed(..) => true,
        What::Array(nodes) | What::Tuple(nodes) => nodes.iter().any(names_its_type),
        What::Dict(entries) => entries
            .iter()
            .any(|(key, value)| names_its_type(key) || names_its_type(value)),
    }
}

/// Makes a value of this type.
pub(super) fn build(node: &Node, wanted: &str) -> Result<Value, TextError> {
    match &node.what {
        What::Number(digits) => number(node, digits, wanted),
        What::Text(text) => match wanted {
            "s" | "o" | "g" => Ok(Value::str(text).with_signature(wanted)),
            _ => Err(node.fault(expected(wanted))),
        },
        What::Bytes(bytes) if wanted == "ay" => Ok(Value::ay(bytes.as_slice())),
        What::Boolean(value) if wanted == "b" => Ok(Value::boolean(*value)),
        What::Variant(child) if wanted == "v" => {
            Ok(Value::variant(&build(child, &signature(child)?)?))
        }
        What::Typed(_, child) if signature(node)? == wanted => build(child, wanted),
        What::Array(elements) => match wanted.strip_prefix('a') {
            Some(element) if !element.starts_with('{') => {
                let values: Result<Vec<Value>, _> =
                    elements.iter().map(|node| build(node, element)).collect();
                Ok(Value::array(element, values?))
            }
            _ => Err(node.fault(expected(wanted))),
        },
        What::Tuple(members) if wanted.starts_with('(') => {
            let values = build_members(node, members.iter().collect(), wanted)?;
            Ok(Value::tuple(values))
        }
        What::Dict(entries) => dict(node, entries, wanted),
        _ => Err(node.fault(expected(wanted))),
    }
}

fn dict(node: &Node, entries: &[(Node, Node)], wanted: &str) -> Result<Value, TextError> {
    let element = wanted
        .strip_prefix('a')
        .filter(|entry| entry.starts_with('{'));
    let element = element.ok_or_else(|| node.fault(expected(wanted)))?;
    if Signature::parse(element).is_err() {
        return Err(node.fault("this cannot be the key of a dictionary"));
    }
    let mut values = Vec::new();
    for (key, value) in entries {
        let mut pair = build_members(node, vec![key, value], element)?.into_iter();
        if let (Some(key), Some(value)) = (pair.next(), pair.next()) {
            values.push(Value::dict_entry(key, value));
        }
    }
    Ok(Value::array(element, values))
}

/// Makes the members of a tuple or dictionary entry.
fn build_members(node: &Node, members: Vec<&Node>, wanted: &str) -> Result<Vec<Value>, TextError> {
    let wanted = Signature::parse(wanted).map_err(|_| node.fault("this is no type"))?;
    if wanted.members().count() != members.len() {
        return Err(node.fault("this has another number of members"));
    }
    let pairs = members.into_iter().zip(wanted.members());
    pairs
        .map(|(node, wanted)| build(node, wanted.as_str()))
        .collect()
}

fn is_float(digits: &str) -> bool {
    !is_hex(digits) && digits.contains(['.', 'e', 'E'])
}

fn is_hex(digits: &str) -> bool {
    let digits = digits.trim_start_matches(['+', '-']);
    digits.starts_with("0x") || digits.starts_with("0X")
}

fn number(node: &Node, digits: &str, wanted: &str) -> Result<Value, TextError> {
    let range = || node.fault("this number is out of range");
    if wanted == "d" {
        let double = match is_hex(digits) {
            true => integer(node, digits)? as f64,
            false => digits
                .parse()
                .map_err(|_| node.fault("this is no number"))?,
        };
        return Ok(Value::number(wanted, double.to_le_bytes()));
    }
    if is_float(digits) {
        return Err(node.fault(expected(wanted)));
    }
    let value = integer(node, digits)?;
    macro_rules! of {
        ($type:ty) => {{
            let value = <$type>::try_from(value).map_err(|_| range())?;
            Ok(Value::number(wanted, value.to_le_bytes()))
        }};
    }
    match wanted {
        "y" => of!(u8),
        "n" => of!(i16),
        "q" => of!(u16),
        "i" | "h" => of!(i32),
        "u" => of!(u32),
        "x" => of!(i64),
        "t" => of!(u64),
        _ => Err(node.fault(expected(wanted))),
    }
}

/// Reads an integer as C does: `0x1f`, `017`, `15`.
fn integer(node: &Node, digits: &str) -> Result<i128, TextError> {
    let (negative, magnitude) = match digits.split_at_checked(1) {
        Some(("-", rest)) => (true, rest),
        Some(("+", rest)) => (false, rest),
        _ => (false, digits),
    };
    let (radix, magnitude) = match magnitude.strip_prefix("0x") {
        Some(rest) => (16, rest),
        None => match magnitude.strip_prefix('0') {
            Some(rest) if !rest.is_empty() => (8, rest),
            _ => (10, magnitude),
        },
    };
    let value = u64::from_str_radix(magnitude, radix).ok();
    // A second sign is none that `from_str_radix` should see.
    let value = value.filter(|_| !magnitude.starts_with(['+', '-']));
    let value = i128::from(value.ok_or_else(|| node.fault("this is no number"))?);
    Ok(if negative { -value } else { value })
}

fn expected(wanted: &str) -> &'static str {
    match wanted.chars().next() {
        Some('s' | 'o' | 'g') => "a text was expected",
        Some('b') => "true or false was expected",
        Some('d') => "a number was expected",
        Some('a') => "an array was expected",
        Some('(') => "a tuple was expected",
        Some('v') => "a variant was expected",
        Some('m') => "maybes are not understood here",
        _ => "an integer was expected",
    }
}
