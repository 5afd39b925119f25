//! What a verb that did its work hands back.

use std::fmt::Display;

use airlock::Class;
use serde::Serialize;
use serde_json::{Value, json};

/// The outcome of a verb, for both kinds of reader.
pub struct Done {
    result: Value,
    findings: Vec<Value>,
    reasons: Vec<String>,
    text: String,
    notes: Vec<String>,
    changed: bool,
    failed: Option<Class>,
    next: Option<String>,
}

impl Done {
    /// Takes an outcome; its serialisation is the `result` of the `--json` document.
    pub fn new(outcome: &impl Serialize) -> Done {
        let result = serde_json::to_value(outcome).expect("outcomes have string keys");
        Done {
            result,
            findings: Vec::new(),
            reasons: Vec::new(),
            text: String::new(),
            notes: Vec::new(),
            changed: false,
            failed: None,
            next: None,
        }
    }

    /// Sets the text for stdout; it ends with a newline.
    pub fn text(mut self, text: impl Into<String>) -> Done {
        self.text = text.into();
        self
    }

    /// Adds a line for stderr, which `--quiet` silences.
    pub fn note(mut self, note: impl Into<String>) -> Done {
        self.notes.push(note.into());
        self
    }

    /// Says whether the verb changed anything.
    pub fn changed(mut self, changed: bool) -> Done {
        self.changed = changed;
        self
    }

    /// Adds findings to the `--json` document and, one line each, to stderr.
    pub fn findings<F: Serialize + Display>(mut self, all: &[F]) -> Done {
        self.reasons.extend(all.iter().map(ToString::to_string));
        self.findings.extend(findings(all));
        self
    }

    /// Adds findings to the `--json` document only: the text tells them in its own way.
    pub fn told<F: Serialize + Display>(mut self, all: &[F]) -> Done {
        self.findings.extend(findings(all));
        self
    }

    /// Makes this the outcome of a check that found faults of this class.
    pub fn failed(mut self, class: Class) -> Done {
        self.failed = Some(class);
        self
    }

    /// Says what the operator does next about the faults, in place of the hint of their class.
    pub fn next(mut self, next: impl Into<String>) -> Done {
        self.next = Some(next.into());
        self
    }

    /// Returns what the operator does next about the faults.
    pub fn hint(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Tells whether the verb changed anything.
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// Returns the exit code.
    pub fn exit(&self) -> u8 {
        self.failed.map_or(0, Class::exit_code)
    }

    /// Returns the class of the faults found, if any were.
    pub fn failure(&self) -> Option<Class> {
        self.failed
    }

    /// Returns the text for stdout.
    pub fn stdout(&self) -> &str {
        &self.text
    }

    /// Returns the lines for stderr.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the findings as sentences.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// Returns the `--json` document.
    pub fn document(&self, command: &str) -> Value {
        json!({
            "airlock": "report/1",
            "command": command,
            "changed": self.changed,
            "exit": self.exit(),
            "findings": self.findings,
            "result": self.result,
        })
    }
}

/// Serialises findings, each with its sentence beside its fields.
pub fn findings<F: Serialize + Display>(all: &[F]) -> Vec<Value> {
    let value = |finding: &F| {
        let fields = serde_json::to_value(finding).expect("findings have string keys");
        let message = finding.to_string();
        match fields {
            Value::Object(mut map) => {
                map.insert("message".to_owned(), message.into());
                Value::Object(map)
            }
            code => json!({ "code": code, "message": message }),
        }
    };
    all.iter().map(value).collect()
}
