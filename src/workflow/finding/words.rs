//! How the sentences of findings spell what they hold.

use crate::format::{Checksum, CollectionId};

pub(super) const DAY: u64 = 86_400;

pub(super) fn show(collection: &Option<CollectionId>) -> String {
    collection
        .as_ref()
        .map_or("none".into(), ToString::to_string)
}

pub(super) fn number(sequence: &Option<u64>) -> String {
    sequence.map_or("none".into(), |number| number.to_string())
}

pub(super) fn list(words: &[String]) -> String {
    if words.is_empty() {
        "none".into()
    } else {
        words.join(", ")
    }
}

pub(super) fn at(commit: &Option<Checksum>) -> String {
    commit.map_or("no commit".into(), |commit| commit.to_string())
}

pub(super) fn list_of(commits: &[Checksum]) -> String {
    commits
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) / DAY {
        0 => "today".into(),
        1 => "a day ago".into(),
        days => format!("{days} days ago"),
    }
}
