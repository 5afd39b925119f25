//! The rules of the house, held by reading its source.
//!
//! ```text
//! 4  bin/airlock
//! 3  workflow
//! 2  delta  bundle
//! 1  repo  openpgp  ed25519
//! 0  format  class  event
//! ```

mod source;

use std::collections::BTreeSet;

use source::{Source, sources};

/// The storey of every room; a room uses only rooms on lower ones, never its neighbours.
const STOREYS: &[(&str, u8)] = &[
    ("class", 0),
    ("event", 0),
    ("format", 0),
    ("repo", 1),
    ("openpgp", 1),
    ("ed25519", 1),
    ("delta", 2),
    ("bundle", 2),
    ("workflow", 3),
];

/// What `lib.rs` takes out of `class` and `event`.
const WORDS: &[&str] = &["Class", "Event", "Observer", "Silent", "Stage", "Unit"];

/// The longest file; 300 lines are the aim.
const MAX_LINES: usize = 450;

fn storey(room: &str) -> Option<u8> {
    STOREYS
        .iter()
        .find_map(|&(name, storey)| (name == room).then_some(storey))
}

fn library() -> impl Iterator<Item = Source> {
    sources("src")
        .into_iter()
        .filter(|source| source.room() != "bin" && source.room() != "lib")
}

fn assert_none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn a_room_uses_only_rooms_on_lower_storeys() {
    let mut found = Vec::new();
    for source in library() {
        let room = source.room();
        let own = storey(room).unwrap_or_else(|| panic!("{room} has no storey"));
        for used in source.crate_paths() {
            let is_word = WORDS.contains(&used.as_str());
            let is_lower = storey(&used).is_some_and(|storey| storey < own);
            // The words stand on the lowest storey together.
            let is_neighbour_word = own == 0 && matches!(used.as_str(), "class" | "event");
            if used != room && !is_word && !is_lower && !is_neighbour_word {
                found.push(format!("{} uses crate::{used}", source.path));
            }
        }
        if source.climbs_out() {
            found.push(format!("{} leaves its room by `super`", source.path));
        }
    }
    assert_none("never up, never sideways", found);
}

#[test]
fn every_file_is_a_module() {
    let mut found = Vec::new();
    for root in ["src", "tests"] {
        let all = sources(root);
        let declared: BTreeSet<String> = all.iter().flat_map(Source::declared).collect();
        for source in all.iter().filter(|source| !source.is_root()) {
            if !declared.contains(&source.module()) {
                found.push(source.path.clone());
            }
        }
    }
    assert_none("forgotten files", found);
}

#[test]
fn no_file_is_too_long() {
    let all = ["src", "tests", "examples", "benches"]
        .into_iter()
        .flat_map(sources);
    let long = all.filter(|source| source.text.lines().count() > MAX_LINES);
    assert_none(
        "more than 450 lines",
        long.map(|source| source.path).collect(),
    );
}

/// Who may name what: crates whose use is one room's business.
#[test]
fn a_crate_stays_in_its_room() {
    let mut found = Vec::new();
    for source in sources("src") {
        for (name, home) in [
            ("sequoia_openpgp", "src/openpgp/"),
            ("ed25519_dalek", "src/ed25519/"),
            ("clap", "src/bin/"),
            ("indicatif", "src/bin/"),
            ("landlock", "src/bin/airlock/confine/"),
            ("seccompiler", "src/bin/airlock/confine/"),
            ("anstream", "src/bin/"),
            ("toml", "src/workflow/policy/"),
        ] {
            // The command line reads its own configuration.
            let may = source.path.starts_with(home) || name == "toml" && source.room() == "bin";
            if !may && source.names(name) {
                found.push(format!("{} names {name}", source.path));
            }
        }
    }
    assert_none("not in its room", found);
}

#[test]
fn the_library_neither_speaks_nor_asks() {
    let forbidden = [
        "println!",
        "eprintln!",
        "print!(",
        "dbg!",
        "process::exit",
        "process::abort",
        "env::var",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "todo!",
        "unimplemented!",
    ];
    let mut found = Vec::new();
    for source in library() {
        let code = source.code();
        for word in forbidden.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{}: {word}", source.path));
        }
    }
    assert_none(
        "the library prints, ends, or reads clock or environment",
        found,
    );
}

#[test]
fn no_file_holds_a_private_key() {
    let mark = ["PRIVATE KEY", " BLOCK-----"].concat();
    let holds = |bytes: &[u8]| {
        bytes
            .windows(mark.len())
            .any(|window| window == mark.as_bytes())
    };
    let files = source::files("")
        .into_iter()
        .filter(|path| std::fs::read(source::root().join(path)).is_ok_and(|bytes| holds(&bytes)));
    assert_none("a private key", files.collect());
}
