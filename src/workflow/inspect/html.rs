//! One page that shows what a bundle claims: self-contained, without scripts, links or images.
//!
//! Whatever came from the bundle is escaped, and characters that steer text are spelled out.

use std::fmt::{Display, Write};

use jiff::Timestamp;

use super::{InspectOutcome, InspectedMember, InspectedRelease};

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>airlock bundle</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }
.notice { border: 2px solid #c00; border-radius: 4px; padding: .6em 1em; font-weight: 600 }
table { border-collapse: collapse; width: 100%; margin: 0 0 2em }
caption { text-align: left; font-size: 1.2em; font-weight: 600; padding: .4em 0 }
th, td { text-align: left; vertical-align: top; padding: .25em .8em .25em 0; border-bottom: 1px solid #8884 }
td.n { text-align: right; font-variant-numeric: tabular-nums }
code { font-size: .85em; overflow-wrap: anywhere }
bdi { unicode-bidi: isolate }
</style></head><body>
<h1>Bundle</h1>
<p class="notice">Not verified. This page shows what the bundle claims; anyone could have written it.
Run <code>airlock verify</code> before you believe any of it.</p>
"#;

/// Writes the page.
pub fn html(outcome: &InspectOutcome) -> String {
    let mut page = Page(HEAD.to_owned());
    facts(&mut page, outcome);
    releases(&mut page, &outcome.releases);
    refs(&mut page, outcome);
    members(&mut page, &outcome.members);
    page.0.push_str("</body></html>\n");
    page.0
}

fn facts(page: &mut Page, outcome: &InspectOutcome) {
    page.open("Claims", &[]);
    let mut row = |what: &str, cell: Cell| page.row([Cell::Text(what.into()), cell]);
    row("bundle id", code(outcome.bundle));
    row("repository", code(outcome.repository));
    row("collection", optional(outcome.collection.as_ref()));
    row("for the site", text(&outcome.site));
    row("made", time(outcome.created));
    row("expires", outcome.expires.map_or(text("never"), time));
    row("made by", text(&outcome.tool));
    for update in &outcome.trust_updates {
        let said = match update.notes.as_str() {
            "" => format!("version {}", update.version),
            notes => format!("version {}: {notes}", update.version),
        };
        row("trust update", text(said));
    }
    let signers = outcome.signers.join(", ");
    row(
        "signatures name",
        if signers.is_empty() {
            text("nobody")
        } else {
            code(signers)
        },
    );
    row("size", size(outcome.bytes));
    page.close();
}

fn releases(page: &mut Page, releases: &[InspectedRelease]) {
    page.open(
        "Releases",
        &[
            "ref",
            "version",
            "date",
            "commit",
            "needs one of",
            "files",
            "size",
            "sequence",
        ],
    );
    for release in releases {
        let from: Vec<String> = release.from.iter().map(ToString::to_string).collect();
        page.row([
            text(&release.name),
            optional(release.version.as_ref()),
            time(release.timestamp),
            code(release.commit),
            if from.is_empty() {
                text("nothing")
            } else {
                code(from.join(" "))
            },
            Cell::Number(release.objects.file.to_string()),
            size(release.bytes.stored),
            optional(release.sequence.as_ref()),
        ]);
    }
    page.close();
}

fn refs(page: &mut Page, outcome: &InspectOutcome) {
    page.open("Refs after import", &["ref", "commit"]);
    for (name, commit) in &outcome.refs_after {
        page.row([text(name), commit.map_or(text("deleted"), code)]);
    }
    page.close();
}

fn members(page: &mut Page, members: &[InspectedMember]) {
    page.open(
        "Members",
        &["name", "size", "unpacked", "objects", "SHA-256"],
    );
    for member in members {
        page.row([
            code(member.name),
            size(member.size),
            member.unpacked.map_or(text(""), size),
            member
                .objects
                .map_or(text(""), |count| Cell::Number(count.to_string())),
            code(member.sha256),
        ]);
    }
    page.close();
}

/// What stands in a cell, not yet escaped.
enum Cell {
    Text(String),
    Code(String),
    Number(String),
}

fn text(value: impl Display) -> Cell {
    Cell::Text(value.to_string())
}

fn code(value: impl Display) -> Cell {
    Cell::Code(value.to_string())
}

fn optional(value: Option<&impl Display>) -> Cell {
    value.map_or(text("none"), text)
}

fn size(bytes: u64) -> Cell {
    Cell::Number(format!("{bytes} B"))
}

fn time(unix: u64) -> Cell {
    let stamp = i64::try_from(unix)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    stamp.map_or_else(
        || text(unix),
        |stamp| text(stamp.strftime("%Y-%m-%d %H:%M:%S UTC")),
    )
}

/// The page as far as it was written; everything goes through [`escape`].
struct Page(String);

impl Page {
    fn open(&mut self, caption: &str, columns: &[&str]) {
        self.push(format_args!(
            "<table><caption>{}</caption>\n",
            escape(caption)
        ));
        if !columns.is_empty() {
            let cells: String = columns
                .iter()
                .map(|column| format!("<th>{}</th>", escape(column)))
                .collect();
            self.push(format_args!("<tr>{cells}</tr>\n"));
        }
    }

    fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.0.push_str("<tr>");
        for cell in cells {
            match cell {
                Cell::Text(value) => {
                    self.push(format_args!("<td><bdi>{}</bdi></td>", escape(&value)))
                }
                Cell::Code(value) => {
                    self.push(format_args!("<td><code>{}</code></td>", escape(&value)))
                }
                Cell::Number(value) => {
                    self.push(format_args!("<td class=\"n\">{}</td>", escape(&value)))
                }
            }
        }
        self.0.push_str("</tr>\n");
    }

    fn close(&mut self) {
        self.0.push_str("</table>\n");
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.0
            .write_fmt(text)
            .expect("writing to a string cannot fail");
    }
}

/// Makes text harmless: markup is escaped, characters that steer or hide text are spelled out.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if steers(c) => safe.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// Returns whether a character is invisible, or changes how others are shown.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_bundle_is_markup_or_steers_text() {
        assert_eq!(escape("<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
        assert_eq!(
            escape("12\u{202e}1.\u{1b}[0m"),
            "12\u{27e8}U+202E\u{27e9}1.\u{27e8}U+001B\u{27e9}[0m"
        );
        assert_eq!(escape("Größe"), "Größe");
    }
}
