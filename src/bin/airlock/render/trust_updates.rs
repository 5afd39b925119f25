//! The versions of the trust that a bundle or a directory holds, a few lines each.

use airlock::workflow::TrustVersion;

use super::{clean, time, wrap};

/// So much of a note is shown; `--json` holds all of it.
const NOTE: usize = 400;

/// Returns the lines, within 80 columns.
pub fn trust_updates(versions: &[TrustVersion]) -> String {
    let one = |version: &TrustVersion| {
        let made = version.created.map_or("unreadable".to_owned(), time);
        let update = format!("version {}, {made}", version.version);
        let note: String = clean(&version.notes).chars().take(NOTE).collect();
        let text = format!("  update      {update}\n    {}\n", version.sha256);
        match note.trim().is_empty() {
            true => text,
            false => text + &wrap(4, &note),
        }
    };
    versions.iter().map(one).collect()
}
