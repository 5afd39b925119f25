//! Strings from outside, made safe to show.

/// Returns `text` on one line, with every character that could steer a terminal or reorder the line
/// written as an escape (`\u{202e}`).
pub fn clean(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), push_safe)
}

/// Returns `text` like [`clean`], but keeps its line breaks.
pub fn clean_lines(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |out, c| match c {
            '\n' => out + "\n",
            c => push_safe(out, c),
        })
}

/// Returns a JSON document in which such characters stand as JSON escapes them: it reads the same.
pub fn clean_json(document: &str) -> String {
    let escaped = |mut out: String, c: char| {
        match is_harmful(c) && c != '\n' {
            true => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                out.push_str(&format!("\\u{unit:04x}"));
            }),
            false => out.push(c),
        }
        out
    };
    document
        .chars()
        .fold(String::with_capacity(document.len()), escaped)
}

fn push_safe(mut out: String, c: char) -> String {
    if is_harmful(c) {
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
    out
}

/// Controls, bidirectional marks, invisible characters and tags (Unicode TR 36, TR 9).
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_hide() {
        for (given, shown) in [
            ("Größe 漢字 ✓", "Größe 漢字 ✓"),
            ("a\x1b[31mb", "a\\u{1b}[31mb"),
            ("x\u{202e}y", "x\\u{202e}y"),
            ("a\nb\tc", "a\\u{a}b\\u{9}c"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("te\u{200d}xt\u{feff}", "te\\u{200d}xt\\u{feff}"),
        ] {
            assert_eq!(clean(given), shown);
        }
        assert_eq!(clean_lines("a\nb\r"), "a\nb\\u{d}");
        let json = clean_json("{\n\"a\u{202e}\": \"\u{7f}\u{e0041}é\"}");
        assert_eq!(json, "{\n\"a\\u202e\": \"\\u007f\\udb40\\udc41é\"}");
    }
}
