//! From characters to a tree; types come later.

use super::TextError;

/// How deep brackets may nest.
const MAX_NESTING: usize = 60;

/// One value, and where it begins.
pub(super) struct Node {
    pub at: usize,
    pub what: What,
}

/// What a value looks like.
pub(super) enum What {
    /// Digits, with sign, as they were typed.
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    Boolean(bool),
    Array(Vec<Node>),
    Tuple(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    Variant(Box<Node>),
    Typed(String, Box<Node>),
}

impl Node {
    /// Says that something is wrong here.
    pub fn fault(&self, what: &'static str) -> TextError {
        TextError { what, at: self.at }
    }
}

/// Reads one value and nothing behind it.
pub(super) fn parse(text: &str) -> Result<Node, TextError> {
    let chars = text.chars().collect();
    let mut parser = Parser { chars, at: 0 };
    let node = parser.value(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.fault("the value has ended before")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn fault(&self, what: &'static str) -> TextError {
        let at = self.at + 1;
        TextError { what, at }
    }

    /// Returns the next character that is no space, without taking it.
    fn peek(&mut self) -> Option<char> {
        while self.next_is(char::is_whitespace) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn next_is(&self, is: impl Fn(char) -> bool) -> bool {
        self.chars.get(self.at).is_some_and(|c| is(*c))
    }

    fn take(&mut self) -> Option<char> {
        let next = self.chars.get(self.at).copied();
        self.at += 1;
        next
    }

    /// Takes this character, if it is the next.
    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn run(&mut self, is: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.next_is(&is) {
            self.at += 1;
        }
        self.chars
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn value(&mut self, depth: usize) -> Result<Node, TextError> {
        if depth > MAX_NESTING {
            return Err(self.fault("this is nested too deeply"));
        }
        let first = self
            .peek()
            .ok_or_else(|| self.fault("a value is missing"))?;
        let at = self.at + 1;
        let what = match first {
            '\'' | '"' => What::Text(self.text()?),
            'b' if matches!(self.chars.get(self.at + 1), Some('\'' | '"')) => {
                self.at += 1;
                What::Bytes(self.bytes()?)
            }
            '[' => What::Array(self.elements(']', depth)?.0),
            '(' => match self.elements(')', depth)? {
                (members, false) if members.len() == 1 => {
                    return Err(self.fault("a tuple of one has a comma behind it"));
                }
                (members, _) => What::Tuple(members),
            },
            '{' => What::Dict(self.entries(depth)?),
            '<' => {
                self.at += 1;
                let child = self.value(depth + 1)?;
                self.expect('>', "`>` is missing")?;
                What::Variant(Box::new(child))
            }
            '@' => {
                self.at += 1;
                let signature = self.signature();
                What::Typed(signature, Box::new(self.value(depth + 1)?))
            }
            '0'..='9' | '+' | '-' | '.' => {
                let part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                What::Number(self.run(part))
            }
            _ => self.word(depth)?,
        };
        Ok(Node { at, what })
    }

    fn word(&mut self, depth: usize) -> Result<What, TextError> {
        let start = self.at;
        let signature = match self.run(|c| c.is_ascii_alphanumeric()).as_str() {
            "true" => return Ok(What::Boolean(true)),
            "false" => return Ok(What::Boolean(false)),
            "boolean" => "b",
            "byte" => "y",
            "int16" => "n",
            "uint16" => "q",
            "int32" => "i",
            "uint32" => "u",
            "handle" => "h",
            "int64" => "x",
            "uint64" => "t",
            "double" => "d",
            "string" => "s",
            "objectpath" => "o",
            "signature" => "g",
            other => {
                self.at = start;
                return Err(self.fault(match other {
                    "just" | "nothing" => "maybes are not understood here",
                    _ => "this is no value (a text needs quotes)",
                }));
            }
        };
        let child = self.value(depth + 1)?;
        Ok(What::Typed(signature.to_owned(), Box::new(child)))
    }

    /// Reads a type: up to a space, a separator, or a bracket it did not open.
    fn signature(&mut self) -> String {
        let mut open = 0_usize;
        let mut signature = String::new();
        while let Some(&c) = self.chars.get(self.at) {
            match c {
                '(' | '{' => open += 1,
                ')' | '}' if open > 0 => open -= 1,
                c if c.is_ascii_alphabetic() => {}
                _ => break,
            }
            signature.push(c);
            self.at += 1;
        }
        signature
    }

    fn expect(&mut self, wanted: char, what: &'static str) -> Result<(), TextError> {
        match self.eat(wanted) {
            true => Ok(()),
            false => Err(self.fault(what)),
        }
    }

    /// Reads values up to a bracket; tells whether the last one had a comma behind it.
    fn elements(&mut self, close: char, depth: usize) -> Result<(Vec<Node>, bool), TextError> {
        self.at += 1;
        let mut elements = Vec::new();
        loop {
            if self.eat(close) {
                return match close == ']' && !elements.is_empty() {
                    true => Err(self.fault("a value is missing before the bracket")),
                    false => Ok((elements, true)),
                };
            }
            elements.push(self.value(depth + 1)?);
            if self.eat(close) {
                return Ok((elements, false));
            }
            self.expect(',', "a comma or the closing bracket is missing")?;
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, TextError> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.eat('}') {
            return Ok(entries);
        }
        loop {
            let key = self.value(depth + 1)?;
            self.expect(':', "`:` is missing")?;
            entries.push((key, self.value(depth + 1)?));
            if self.eat('}') {
                return Ok(entries);
            }
            self.expect(',', "a comma or `}` is missing")?;
        }
    }

    fn text(&mut self) -> Result<String, TextError> {
        let quote = self.take();
        let mut text = String::new();
        loop {
            let c = self
                .take()
                .ok_or_else(|| self.fault("the quote is not closed"))?;
            text.push(match c {
                c if Some(c) == quote => return Ok(text),
                '\\' => match self.take() {
                    Some('u') => self.scalar(4)?,
                    Some('U') => self.scalar(8)?,
                    Some('\n') => continue,
                    Some(c) => control(c).map_or(c, char::from),
                    None => return Err(self.fault("the quote is not closed")),
                },
                c => c,
            });
        }
    }

    /// Reads the number of a character in hexadecimal.
    fn scalar(&mut self, digits: usize) -> Result<char, TextError> {
        let end = self.at + digits;
        let digits: String = self
            .chars
            .get(self.at..end)
            .unwrap_or_default()
            .iter()
            .collect();
        let number = u32::from_str_radix(&digits, 16).ok();
        let scalar = number.and_then(char::from_u32).filter(|c| *c != '\0');
        let scalar = scalar.ok_or_else(|| self.fault("this is no character's number"))?;
        self.at = end;
        Ok(scalar)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, TextError> {
        let quote = self.take();
        let mut bytes = Vec::new();
        loop {
            let c = self
                .take()
                .ok_or_else(|| self.fault("the quote is not closed"))?;
            match c {
                c if Some(c) == quote => {
                    bytes.push(0);
                    return Ok(bytes);
                }
                '\\' if self.next_is(|c| c.is_digit(8)) => bytes.push(self.octal()?),
                '\\' => match self.take() {
                    Some('\n') => {}
                    Some(c) if c.is_ascii() => bytes.push(control(c).unwrap_or(c as u8)),
                    _ => return Err(self.fault("the quote is not closed")),
                },
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn octal(&mut self) -> Result<u8, TextError> {
        let mut digits = String::new();
        while digits.len() < 3 && self.next_is(|c| c.is_digit(8)) {
            digits.extend(self.take());
        }
        let byte = u8::from_str_radix(&digits, 8).ok();
        byte.ok_or_else(|| self.fault("this is no byte"))
    }
}

/// Returns what a letter behind a backslash stands for; most stand for themselves.
fn control(letter: char) -> Option<u8> {
    match letter {
        'a' => Some(7),
        'b' => Some(8),
        't' => Some(b'\t'),
        'n' => Some(b'\n'),
        'v' => Some(11),
        'f' => Some(12),
        'r' => Some(b'\r'),
        _ => None,
    }
}
