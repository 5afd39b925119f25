//! The end of a command: text or JSON on stdout, notes and errors on stderr, the exit code.
//!
//! ```text
//! {"airlock": "report/1", "command": "import", "changed": false, "exit": 4, "findings": [...],
//!  "confinement": {"level", "missing": [...]},       of a verb that reads what came from outside
//!  "result": {...}}                                  when the verb ran to its end
//!  "error": {"class", "what", "why": [...], "next"}  when it did not
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use airlock::Class;
use anstream::AutoStream;
use serde_json::{Value, json};
use terminal_size::{Width, terminal_size_of};

use crate::args::OutputArgs;
use crate::confine::Confinement;
use crate::context::{Priority, Stderr};
use crate::error::CliError;
use crate::render::{Done, clean, clean_json, red};

/// A person reads so many faults; `--json` holds all.
const MAX_FAULTS: usize = 20;

/// The most reasons of one error, and the longest.
const MAX_REASONS: usize = 50;
const MAX_QUOTED: usize = 2000;

/// Reports what came of a verb that ran to its end.
pub fn success(
    command: &str,
    done: &Done,
    confinement: Option<&Confinement>,
    output: &OutputArgs,
) -> ExitCode {
    let stderr = Stderr::detect();
    if !output.quiet {
        for note in done.notes() {
            stderr.line(Priority::Info, note);
        }
    }
    let printed = if output.json {
        document(&with(done.document(command), confinement))
    } else {
        stdout(done.stdout())
    };
    if let Some(class) = done.failure() {
        let faults = faults(class, done.reasons());
        let faults = match done.hint() {
            Some(hint) => faults.next(hint),
            None => faults,
        };
        let faults = match done.has_changed() {
            true => faults.something_changed(),
            false => faults,
        };
        complain(command, &faults);
    } else if !output.json && !output.quiet {
        for reason in done.reasons() {
            stderr.line(Priority::Warning, reason);
        }
    }
    after_print(printed, done.exit())
}

/// Reports a verb that could not do its work.
pub fn failure(
    command: &str,
    error: &CliError,
    confinement: Option<&Confinement>,
    output: &OutputArgs,
) -> ExitCode {
    let exit = error.class().exit_code();
    let printed = if output.json {
        document(&with(error_document(command, error), confinement))
    } else {
        stdout(error.shown().map_or("", |(_, text)| text))
    };
    complain(command, error);
    after_print(printed, exit)
}

/// Adds how far the process was confined.
fn with(mut document: Value, confinement: Option<&Confinement>) -> Value {
    if let (Some(confinement), Some(fields)) = (confinement, document.as_object_mut()) {
        fields.insert("confinement".to_owned(), json!(confinement));
    }
    document
}

fn complain(command: &str, error: &CliError) {
    let width = terminal_size_of(io::stderr()).map(|(Width(w), _)| usize::from(w));
    let stderr = Stderr::detect();
    for line in error_lines(command, error, width) {
        stderr.line(Priority::Error, &line);
    }
}

/// Sums up what a check found; a damaged disk has more faults than a screen has lines.
fn faults(class: Class, reasons: &[String]) -> CliError {
    let what = match reasons.len() {
        0 | 1 => "one fault was found".to_owned(),
        n => format!("{n} faults were found"),
    };
    let shown = reasons.iter().take(MAX_FAULTS);
    let made = shown.fold(CliError::new(class, what), |made, reason| made.why(reason));
    match reasons.len().checked_sub(MAX_FAULTS) {
        Some(rest) if rest > 0 => made.why(format!("and {rest} more; --json lists all")),
        _ => made,
    }
}

/// Reports a command line that could not be read, or shows the help that was asked for.
pub fn usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(Class::Usage.exit_code());
    if code != 0 && std::env::args_os().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        let what = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let error = CliError::usage(what);
        return after_print(document(&error_document("", &error)), code);
    }
    after_print(error.print(), code)
}

fn error_document(command: &str, error: &CliError) -> Value {
    let mut document = json!({
        "airlock": "report/1",
        "command": command,
        "changed": !error.is_untouched(),
        "exit": error.class().exit_code(),
        "findings": error.finding_values(),
        "error": {
            "class": error.class(),
            "what": error.what(command),
            "why": error.reasons(),
            "next": error.hint(),
        },
    });
    if let (Some((result, _)), Some(fields)) = (error.shown(), document.as_object_mut()) {
        fields.insert("result".to_owned(), result.clone());
    }
    document
}

fn error_lines(command: &str, error: &CliError, width: Option<usize>) -> Vec<String> {
    let what = format!("{}: {}", title(error.class()), shown(&error.what(command)));
    let promise = if error.is_untouched() {
        " Nothing was changed."
    } else {
        ""
    };
    let next = format!("  next: {}.{promise}", shown(&sentence(error.hint())));
    let reasons = error.reasons();
    let whys = reasons.iter().take(MAX_REASONS);
    let whys = whys.map(|why| format!("  why:  {}", shown(why)));
    let more = reasons
        .len()
        .checked_sub(MAX_REASONS)
        .filter(|&more| more > 0);
    let more = more.map(|more| format!("  why:  and {more} more; --json lists all"));
    let lines = [what].into_iter().chain(whys).chain(more).chain([next]);
    let mut lines: Vec<String> = lines.flat_map(|line| wrap(&line, width)).collect();
    // Colour comes last: it takes no room.
    if let Some((title, rest)) = lines.first().and_then(|first| first.split_once(": ")) {
        lines[0] = format!("{}: {rest}", red(title));
    }
    lines
}

/// Makes a text safe to show, and as long as anybody reads: what an error quotes may be a name of a
/// megabyte, and whoever wrote it may be hostile.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    clean(&shown)
}

/// Breaks a reason at spaces and indents what follows; without a width it stays one line.
fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    const INDENT: &str = "        ";
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let full = |line: &String| {
            let length = line.chars().count() + word.trim_end().chars().count();
            width.is_some_and(|width| length > width && line.trim() != "")
        };
        if lines.last().is_some_and(full) {
            lines.push(INDENT.to_owned());
        }
        lines
            .last_mut()
            .expect("there is a first line")
            .push_str(word);
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn sentence(hint: &str) -> String {
    let mut chars = hint.trim_end_matches('.').chars();
    let first = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    first + chars.as_str()
}

fn title(class: Class) -> &'static str {
    match class {
        Class::System => "failed",
        Class::Usage => "usage",
        Class::NotFound => "not found",
        Class::Untrusted => "not trusted",
        Class::Corrupt => "corrupt",
        Class::Refused => "policy",
        Class::Unsupported => "unsupported",
        Class::Busy => "busy",
    }
}

fn document(value: &Value) -> io::Result<()> {
    stdout(&clean_json(&format!("{value:#}\n")))
}

fn stdout(text: &str) -> io::Result<()> {
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A reader that closed the pipe has what it wanted; any other failure to print is a failure.
fn after_print(printed: io::Result<()>, exit: u8) -> ExitCode {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Stderr::detect().line(
                Priority::Error,
                &format!("cannot write the result: {error}"),
            );
            ExitCode::from(exit.max(Class::System.exit_code()))
        }
        _ => ExitCode::from(exit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_and_the_promise() {
        let error = CliError::new(Class::Untrusted, "the bundle carries no signature")
            .why("manifest.json.asc is empty")
            .next("get a signed bundle");
        let lines = error_lines("import", &error, None);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], "  why:  manifest.json.asc is empty");
        assert_eq!(
            lines[2],
            "  next: Get a signed bundle. Nothing was changed."
        );
        let lines = error_lines("import", &error, Some(26));
        assert_eq!(
            lines[3..5],
            ["  why:  manifest.json.asc", "        is empty"]
        );
        let document = error_document("import", &error.something_changed());
        assert_eq!(document["changed"], true);
        assert_eq!(document["exit"], 4);
        assert_eq!(document["error"]["class"], "untrusted");
    }
}
