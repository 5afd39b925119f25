//! GLib's key files, kept line by line so that a rewrite changes only what it means to change.
//!
//! ```text
//! # a comment stays where it is
//! [core]                      a group
//! mode=archive-z2             a key; blanks around key and before value are not part of them
//! list=a;b;                   a list
//! ```
//!
//! A group that appears twice continues; a key that appears twice counts once, the last.

use std::fmt;

/// The longest key file that is read.
pub(crate) const MAX_KEY_FILE: u64 = 16 * 1024 * 1024;

/// A key file: its lines, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFile {
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Group(String),
    Entry {
        key: String,
        value: String,
        text: String,
    },
    /// A comment or a blank line.
    Other(String),
}

/// A line that is no comment, group or key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no group, key or comment")]
pub struct KeyFileError {
    /// Counted from 1.
    pub line: usize,
}

impl KeyFile {
    /// Parses `text`.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut lines = Vec::new();
        let mut in_group = false;
        for (index, raw) in text.lines().enumerate() {
            let line = parse_line(raw).ok_or(KeyFileError { line: index + 1 })?;
            match &line {
                Line::Group(_) => in_group = true,
                Line::Entry { .. } if !in_group => return Err(KeyFileError { line: index + 1 }),
                _ => {}
            }
            lines.push(line);
        }
        Ok(KeyFile { lines })
    }

    /// Returns the raw value of a key, escapes and all.
    pub fn raw(&self, group: &str, key: &str) -> Option<&str> {
        match self.lines.get(self.find(group, key)?) {
            Some(Line::Entry { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// Returns the value of a key as a string, escapes resolved.
    pub fn string(&self, group: &str, key: &str) -> Option<String> {
        self.raw(group, key).map(unescape)
    }

    /// Returns the elements of a `;`-separated list.
    pub fn list(&self, group: &str, key: &str) -> Option<Vec<String>> {
        let raw = self.raw(group, key)?;
        let body = raw.strip_suffix(';').unwrap_or(raw);
        if body.is_empty() {
            return Some(Vec::new());
        }
        Some(body.split(';').map(unescape).collect())
    }

    /// Returns the names of all groups, in order, each once.
    pub fn groups(&self) -> Vec<&str> {
        let mut groups = Vec::new();
        for line in &self.lines {
            if let Line::Group(name) = line
                && !groups.contains(&name.as_str())
            {
                groups.push(name.as_str());
            }
        }
        groups
    }

    /// Iterates over the keys and raw values of a group.
    pub fn entries<'a>(&'a self, group: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut inside = false;
        self.lines.iter().filter_map(move |line| match line {
            Line::Group(name) => {
                inside = name == group;
                None
            }
            Line::Entry { key, value, .. } if inside => Some((key.as_str(), value.as_str())),
            _ => None,
        })
    }

    /// Sets a key to a string; an existing key keeps its place, a new one follows the group's last.
    pub fn set_string(&mut self, group: &str, key: &str, value: &str) {
        let value = escape(value);
        let text = format!("{key}={value}");
        let entry = Line::Entry {
            key: key.to_owned(),
            value,
            text,
        };
        match self.find(group, key) {
            Some(index) => self.lines[index] = entry,
            None => {
                let index = self.end_of(group);
                self.lines.insert(index, entry);
            }
        }
    }

    /// Sets a key to a boolean.
    pub fn set_bool(&mut self, group: &str, key: &str, value: bool) {
        self.set_string(group, key, if value { "true" } else { "false" });
    }

    /// Removes a key; tells whether it was there.
    pub fn remove(&mut self, group: &str, key: &str) -> bool {
        let mut found = false;
        while let Some(index) = self.find(group, key) {
            self.lines.remove(index);
            found = true;
        }
        found
    }

    /// Returns the index of the last line that sets `key` in `group`.
    fn find(&self, group: &str, key: &str) -> Option<usize> {
        let mut inside = false;
        let mut found = None;
        for (index, line) in self.lines.iter().enumerate() {
            match line {
                Line::Group(name) => inside = name == group,
                Line::Entry { key: k, .. } if inside && k == key => found = Some(index),
                _ => {}
            }
        }
        found
    }

    /// Returns where a new key of `group` goes; adds the group when it is missing.
    fn end_of(&mut self, group: &str) -> usize {
        let mut inside = false;
        let mut end = None;
        for (index, line) in self.lines.iter().enumerate() {
            match line {
                Line::Group(name) => {
                    inside = name == group;
                    if inside {
                        end = Some(index + 1);
                    }
                }
                Line::Entry { .. } if inside => end = Some(index + 1),
                _ => {}
            }
        }
        end.unwrap_or_else(|| {
            if self
                .lines
                .last()
                .is_some_and(|last| !matches!(last, Line::Other(text) if text.is_empty()))
            {
                self.lines.push(Line::Other(String::new()));
            }
            self.lines.push(Line::Group(group.to_owned()));
            self.lines.len()
        })
    }
}

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            match line {
                Line::Group(name) => writeln!(f, "[{name}]")?,
                // A line is read without the carriage return before its end: this one would be.
                Line::Entry { text, .. } | Line::Other(text) if text.ends_with('\r') => {
                    write!(f, "{text}\r\n")?;
                }
                Line::Entry { text, .. } | Line::Other(text) => writeln!(f, "{text}")?,
            }
        }
        Ok(())
    }
}

fn parse_line(raw: &str) -> Option<Line> {
    let line = raw.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Some(Line::Other(raw.to_owned()));
    }
    if let Some(rest) = line.strip_prefix('[') {
        let name = rest.trim_end().strip_suffix(']')?;
        let legal =
            !name.is_empty() && !name.contains(['[', ']']) && !name.contains(char::is_control);
        return legal.then(|| Line::Group(name.to_owned()));
    }
    let (key, value) = line.split_once('=')?;
    let key = key.trim_end();
    let legal = !key.is_empty() && !key.contains(['[', ']']);
    legal.then(|| Line::Entry {
        key: key.to_owned(),
        value: value.trim_start().to_owned(),
        text: raw.to_owned(),
    })
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('s') => text.push(' '),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('\\') | None => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
        }
    }
    text
}

fn escape(text: &str) -> String {
    let mut raw = String::with_capacity(text.len());
    let mut leading = true;
    for c in text.chars() {
        match c {
            ' ' if leading => raw.push_str("\\s"),
            '\t' if leading => raw.push_str("\\t"),
            '\n' => raw.push_str("\\n"),
            '\r' => raw.push_str("\\r"),
            '\\' => raw.push_str("\\\\"),
            other => raw.push(other),
        }
        leading = leading && (c == ' ' || c == '\t');
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
# kept
[core]
repo_version=1
 mode = archive-z2

[remote \"x\"]
url=https://example.org/a b
branches=a;b;
unknown-key=kept\\sas is
[core]
locking=true
";

    #[test]
    fn an_unchanged_file_is_rewritten_byte_for_byte() {
        assert_eq!(KeyFile::parse(SAMPLE).unwrap().to_string(), SAMPLE);
    }

    #[test]
    fn a_value_that_ends_in_a_carriage_return_keeps_it() {
        for text in ["[a]\nk=v\r\r\n", "[a]\nk=v\r"] {
            let file = KeyFile::parse(text).unwrap();
            assert_eq!(file.raw("a", "k"), Some("v\r"), "{text:?}");
            let again = KeyFile::parse(&file.to_string()).unwrap();
            assert_eq!(again.raw("a", "k"), Some("v\r"), "{text:?}");
        }
    }

    #[test]
    fn values_are_read_as_glib_reads_them() {
        let file = KeyFile::parse(SAMPLE).unwrap();
        assert_eq!(file.string("core", "mode").as_deref(), Some("archive-z2"));
        assert_eq!(file.string("core", "locking").as_deref(), Some("true"));
        assert_eq!(
            file.string("remote \"x\"", "unknown-key").as_deref(),
            Some("kept as is")
        );
        assert_eq!(file.list("remote \"x\"", "branches").unwrap(), ["a", "b"]);
        assert_eq!(file.groups(), ["core", "remote \"x\""]);
        assert_eq!(file.string("core", "absent"), None);
    }

    #[test]
    fn setting_a_key_touches_one_line() {
        let mut file = KeyFile::parse(SAMPLE).unwrap();
        file.set_string("core", "mode", "bare");
        file.set_bool("core", "indexed-deltas", true);
        file.set_string("new", "k", " v");
        let expected = SAMPLE
            .replace(" mode = archive-z2", "mode=bare")
            .replace("locking=true\n", "locking=true\nindexed-deltas=true\n");
        assert_eq!(file.to_string(), format!("{expected}\n[new]\nk=\\sv\n"));
        assert!(file.remove("new", "k") && !file.remove("new", "k"));
    }

    #[test]
    fn nonsense_is_named_by_its_line() {
        for (text, line) in [
            ("[core]\nnonsense\n", 2),
            ("a=b\n", 1),
            ("[core\n", 1),
            ("[]\n", 1),
            ("[a]\n=b\n", 2),
        ] {
            assert_eq!(KeyFile::parse(text), Err(KeyFileError { line }), "{text:?}");
        }
    }
}
