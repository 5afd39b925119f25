//! Text that fits 80 columns.

const WIDTH: usize = 80;

/// Breaks a text between words, every line after `indent` blanks.
pub fn wrap(indent: usize, text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a first line");
        if last.is_empty() {
            last.push_str(word);
        } else if indent + last.chars().count() + 1 + word.chars().count() <= WIDTH {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    let lines = lines.iter();
    lines
        .map(|line| format!("{}{line}\n", " ".repeat(indent)))
        .collect()
}

/// Returns a list item: a dash, and the lines beneath each other.
pub fn wrap_item(text: &str) -> String {
    let wrapped = wrap(4, text);
    format!("  - {}", wrapped.trim_start())
}
