//! What a person is shown of what an attacker wrote: nothing that steers a terminal, nothing that
//! reorders or hides a line.

use std::fs;

use airlock::format::gvariant::Value;
use airlock::format::{Metadata, ObjectKind};
use serde_json::json;

use crate::attack::Desk;
use crate::craft::{RawPart, Release, plain_meta, tree_of};
use crate::forge::{Forged, REF};

/// A title set, a screen cleared, a line turned round, a word hidden, a C1 control, a tag.
const TRICKS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}desrever\u{2066}\u{200b}\u{9b}31m\r\u{7f}\u{e0041}\u{feff}";

/// A release that is in order, and whose every text is a trick.
fn talkative() -> Forged {
    let mut part = RawPart::new();
    let file = part.file(b"hello");
    let tree = tree_of(&[(TRICKS, file)]);
    let tree = part.metadata(ObjectKind::DirTree, &tree);
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let mut release = Release::new(tree, meta);
    release.part(&part);
    release.commit.subject = TRICKS.to_owned();
    release.commit.body = format!("{TRICKS}\n{TRICKS}");
    let metadata = &mut release.commit.metadata;
    metadata.insert(Metadata::VERSION, Value::str(TRICKS));
    metadata.insert(TRICKS, Value::str(TRICKS));
    let mut bundle = release.forged();
    bundle.manifest["origin"]["tool"] = json!(TRICKS);
    bundle.manifest["extensions"][TRICKS] = json!(TRICKS);
    bundle
}

#[test]
fn tricks_are_shown_as_what_they_are() {
    let desk = Desk::new();
    let name = format!("{TRICKS}.airlock");
    fs::write(desk.path().join(&name), talkative().tar()).unwrap();
    fs::write(
        desk.path().join("manifest.json"),
        talkative().manifest_bytes(),
    )
    .unwrap();
    let repo = desk.repos().remove(0);
    let repo = repo.as_str();
    let with_repo = |words: &[&'static str]| [words, &["--repo", repo]].concat();
    let commit = format!("{REF}^");
    let lines: Vec<(Vec<&str>, i32)> = vec![
        (vec!["inspect", &name], 0),
        (vec!["inspect", "--members", "--json", &name], 0),
        (vec!["inspect", "--html", "page.html", &name], 0),
        (vec!["verify", &name, "--trust", "trust.asc"], 0),
        (vec!["verify", &name, "--trust", "trust.asc", "--json"], 0),
        (vec!["sign", "show", "manifest.json"], 0),
        (
            vec![
                "import",
                &name,
                "--trust",
                "trust.asc",
                "--repo",
                repo,
                "--dry-run",
            ],
            0,
        ),
        (
            vec!["import", &name, "--trust", "trust.asc", "--repo", repo],
            0,
        ),
        (with_repo(&["show", REF]), 0),
        (with_repo(&["show", REF, "--json"]), 0),
        (with_repo(&["log", REF]), 0),
        (with_repo(&["refs"]), 0),
        (with_repo(&["fsck", "--trust", "trust.asc"]), 0),
        (vec!["diff", "--repo", repo, &commit, REF], 0),
        (vec!["diff", "--json", "--repo", repo, &commit, REF], 0),
        (vec!["verify", TRICKS, "--trust", "trust.asc"], 3),
        (vec!["verify", &name, "--trust", TRICKS], 3),
        (with_repo(&["show", TRICKS]), 2),
    ];
    let mut shown = 0;
    for (words, code) in &lines {
        let ended = desk.run(words);
        let words = words.join(" ");
        assert_eq!(ended.fault(), None, "{words:?}");
        assert_eq!(ended.code, Ok(*code), "{words:?}: {}", ended.stderr);
        let said = ended.stdout + &ended.stderr;
        shown += usize::from(said.contains("202e"));
    }
    assert!(shown > 10, "what is hidden does not show: {shown}");
    let page = fs::read_to_string(desk.path().join("page.html")).unwrap();
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{9b}']));
}
