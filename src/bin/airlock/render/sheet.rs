//! The sheet: what a signer is asked to sign, in words, from the bytes alone.
//!
//! ```text
//! A COMMIT
//!
//!   refs        os/stable
//!   version     2026.11
//!   ...
//!
//!   SHA-256 of the 412 bytes
//!     3b1f 77c0 0a52 9f4e 11d8 6c30 be9a 4471
//!     d0c2 5e8f 1b66 a7e3 9c04 52fd 80ab 17ee
//! ```
//!
//! Two people compare the last lines by eye. Everything that came from outside is cleaned.

use airlock::workflow::{
    BundleStatement, CommitStatement, Document, MetadataEntry, ReleaseStatement, Signable,
    Statement, SummaryStatement,
};
use serde_json::{Map, Value};

use super::{bytes, clean, clean_lines, count, time};

/// Returns the sheet.
pub fn sheet(signable: &Signable) -> String {
    let (title, facts) = match &signable.statement {
        Statement::Commit(commit) => ("A COMMIT".to_owned(), commit_facts(commit)),
        Statement::Summary(summary) => ("A SUMMARY".to_owned(), summary_facts(summary)),
        Statement::Bundle(bundle) => ("A BUNDLE".to_owned(), bundle_facts(bundle)),
        Statement::Document(document) => document_facts(document),
    };
    let hex = signable.sha256.to_string();
    format!(
        "{title}\n\n{facts}\n  SHA-256 of the {} bytes\n{}",
        count(signable.size),
        groups(&hex)
    )
}

/// Sets a digest apart in groups of four, eight to a line.
fn groups(hex: &str) -> String {
    let mut out = String::new();
    for (place, digit) in hex.chars().enumerate() {
        out += match place {
            _ if place % 32 == 0 => "    ",
            _ if place % 4 == 0 => " ",
            _ => "",
        };
        out.push(digit);
        if place % 32 == 31 {
            out.push('\n');
        }
    }
    out
}

fn commit_facts(commit: &CommitStatement) -> String {
    let refs = match &commit.refs {
        Some(refs) => refs.join(", "),
        None => "NONE: clients would accept it under any".to_owned(),
    };
    let mut text = fact("refs", &refs);
    text += &fact("collection", or_none(commit.collection.as_deref()));
    text += &fact("version", or_none(commit.version.as_deref()));
    text += &fact("date", &time(commit.timestamp));
    let parent = commit.parent.map(|parent| parent.to_string());
    text += &fact("parent", or_none(parent.as_deref()));
    text += &fact("root tree", &commit.tree.to_string());
    text += &fact("root meta", &commit.meta.to_string());
    text += &fact("content", &commit.content.to_string());
    text += &fact("subject", &commit.subject);
    for line in clean_lines(&commit.body).lines() {
        text += &format!("  {:<11} {line}\n", "");
    }
    text + &metadata(&commit.metadata)
}

fn summary_facts(summary: &SummaryStatement) -> String {
    let collection = summary.collection.as_ref().map(ToString::to_string);
    let mut text = fact("collection", or_none(collection.as_deref()));
    let made = summary.last_modified.map(time);
    text += &fact("made", or_none(made.as_deref()));
    let expires = summary.expires.map_or("never".to_owned(), time);
    text += &fact("expires", &expires);
    text += &fact("deltas", &count(summary.deltas as u64));
    text += &fact("refs", &count(summary.refs.len() as u64));
    for listed in &summary.refs {
        let of = match &listed.collection {
            Some(collection) => format!(" (of {collection})"),
            None => String::new(),
        };
        text += &format!(
            "    {}\n      {}\n",
            clean(&format!("{}{of}", listed.name)),
            listed.commit
        );
    }
    text + &metadata(&summary.metadata)
}

fn bundle_facts(bundle: &BundleStatement) -> String {
    let collection = bundle.collection.as_ref().map(ToString::to_string);
    let mut text = fact("repository", &bundle.repository.to_string());
    text += &fact("collection", or_none(collection.as_deref()));
    text += &fact("site", bundle.site.as_str());
    text += &fact(
        "made",
        &format!("{} by {}", time(bundle.created), bundle.tool),
    );
    text += &fact("expires", &bundle.expires.map_or("NEVER".to_owned(), time));
    let members = count(bundle.members as u64);
    text += &fact("members", &format!("{members}, {}", bytes(bundle.bytes)));
    text += &fields(&bundle.others);
    for release in &bundle.releases {
        text += &release_facts(release);
    }
    text += "\n  refs after import\n";
    for (name, commit) in &bundle.refs_after {
        let commit = commit.map_or("DELETED".to_owned(), |commit| commit.to_string());
        text += &format!("    {}\n      {commit}\n", clean(name.as_ref()));
    }
    text
}

fn release_facts(statement: &ReleaseStatement) -> String {
    let release = &statement.told;
    let mut text = format!("\n  release of {}\n", clean(release.name.as_ref()));
    text += &fact("commit", &release.commit.to_string());
    let parent = release.parent.map(|parent| parent.to_string());
    text += &fact("parent", or_none(parent.as_deref()));
    text += &fact("version", or_none(release.version.as_deref()));
    text += &fact("date", &time(release.timestamp));
    let sequence = release.sequence.map(|number| number.to_string());
    text += &fact("sequence", or_none(sequence.as_deref()));
    match release.from.as_slice() {
        [] => text += &fact("needs", "nothing: complete in itself"),
        several => {
            for (place, from) in several.iter().enumerate() {
                let what = if place == 0 { "needs" } else { "or" };
                text += &fact(what, &from.to_string());
            }
        }
    }
    text += &fact("files", &count(release.objects.file));
    text + &fields(&statement.others)
}

fn document_facts(document: &Document) -> (String, String) {
    let kind = document.document.split('/').next().unwrap_or_default();
    let title = match kind {
        "trust" => "AN UPDATE OF THE TRUST".to_owned(),
        "inventory" => "AN INVENTORY".to_owned(),
        "rollback" => "A PERMISSION TO GO BACK".to_owned(),
        _ => format!("A DOCUMENT `{}`", clean(&document.document)),
    };
    let text = fact("kind", &document.document) + &fields(&document.fields);
    (title, text)
}

fn metadata(entries: &[MetadataEntry]) -> String {
    let line = |entry: &MetadataEntry| {
        let value = match &entry.value {
            Some(value) => clean(value),
            None => format!(
                "({} bytes of type {})",
                entry.bytes,
                clean(&entry.signature)
            ),
        };
        let key = clean(&entry.key);
        // On a line of its own, where both would not fit.
        let gap = match key.len() + value.len() > 73 {
            true => "\n     ",
            false => "",
        };
        format!("    {key} ={gap} {value}\n")
    };
    match entries.is_empty() {
        true => String::new(),
        false => format!(
            "  also says\n{}",
            entries.iter().map(line).collect::<String>()
        ),
    }
}

/// Shows fields as they stand, one to a line, each with the way to it.
fn fields(map: &Map<String, Value>) -> String {
    let mut lines = Vec::new();
    for (key, value) in map {
        flatten(key, value, &mut lines);
    }
    lines.concat()
}

/// Walks down; strict JSON is at most eight deep.
fn flatten(way: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(&format!("{way}.{key}"), value, lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (place, value) in items.iter().enumerate() {
                flatten(&format!("{way}[{place}]"), value, lines);
            }
        }
        Value::String(text) => lines.push(leaf(way, text)),
        Value::Number(number) => {
            // Every time in a signed document is in UNIX seconds; one in this century is told as a date too.
            let date = number.as_u64().filter(|at| TIMES.contains(at)).map(time);
            let date = date.map_or(String::new(), |date| format!("  ({date}, if a time)"));
            lines.push(leaf(way, &format!("{number}{date}")));
        }
        other => lines.push(leaf(way, &other.to_string())),
    }
}

/// 2001 to 2100.
const TIMES: std::ops::Range<u64> = 978_307_200..4_102_444_800;

fn leaf(way: &str, text: &str) -> String {
    let (way, text) = (clean(way), clean_lines(text));
    match text.trim_end().contains('\n') {
        false => format!("  {way:<11} {}\n", text.trim_end()),
        true => {
            let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
            format!("  {way}\n{lines}")
        }
    }
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("none")
}

fn fact(what: &str, fact: &str) -> String {
    format!("  {what:<11} {}\n", clean(fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_stands_in_groups() {
        let hex = "0123456789abcdef".repeat(4);
        let line = "    0123 4567 89ab cdef 0123 4567 89ab cdef\n";
        assert_eq!(groups(&hex), line.repeat(2));
    }

    #[test]
    fn fields_are_told_with_their_way() {
        let value = serde_json::json!({
            "a": {"b": [1, "x\u{202e}y"], "c": {}}, "t": 1_800_000_000_u64, "n": null,
        });
        let Value::Object(map) = value else {
            unreachable!("an object")
        };
        let text = fields(&map);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "  a.b[0]      1",
                "  a.b[1]      x\\u{202e}y",
                "  a.c         {}",
                "  n           null",
                "  t           1800000000  (2027-01-15 08:00:00 +0000, if a time)",
            ]
        );
    }
}
