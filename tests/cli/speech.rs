//! How the command speaks: streams, JSON, pipes, errors.

use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::run::Place;

#[test]
fn a_document_for_success() {
    let ended = Place::new().airlock("man pages --json");
    let document: Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!(document["airlock"], "report/1");
    assert_eq!(document["command"], "man");
    assert_eq!(document["changed"], true);
    assert_eq!(document["exit"], 0);
    assert_eq!(document["findings"], Value::Array(Vec::new()));
    assert!(document["result"].is_object());
}

#[test]
fn a_document_for_failure() {
    for (line, class, exit) in [
        ("--json --config nowhere.toml man pages", "not-found", 3),
        ("--json frobnicate", "usage", 2),
        ("--json man", "usage", 2),
    ] {
        let ended = Place::new().airlock(line);
        let document: Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
        assert_eq!(document["error"]["class"], class, "{line}");
        assert_eq!(document["exit"], exit, "{line}");
        assert_eq!(document["changed"], false, "{line}");
        assert_eq!(ended.code, exit, "{line}");
    }
}

#[test]
fn three_lines_on_stderr() {
    let ended = Place::new().airlock("--config nowhere.toml man pages");
    assert_eq!(ended.code, 3);
    assert_eq!(ended.stdout, "");
    insta::assert_snapshot!(ended.stderr, @r"
    not found: cannot read nowhere.toml
      why:  there is no such file
      next: Name one that exists. Nothing was changed.
    ");
}

#[test]
fn a_setting_that_does_not_exist_is_named() {
    let place = Place::new();
    std::fs::write(
        place.path().join("airlock.toml"),
        "repo = 'x'\ntrsut = 'y'\n",
    )
    .expect("written");
    let ended = place.airlock("--config airlock.toml man pages");
    assert_eq!(ended.code, 2);
    insta::assert_snapshot!(ended.stderr, @r"
    usage: airlock.toml cannot be read
      why:  line 2: unknown field `trsut`, expected one of `repo`, `from-repo`, `trust`, `site-record`, `publish-deltas`, `site`, `expires`, `confine`, `keys`, `promote`
      next: See --help. Nothing was changed.
    ");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let place = Place::new();
    let shell = format!("{} completions bash | true", env!("CARGO_BIN_EXE_airlock"));
    let output = std::process::Command::new("bash")
        .args(["-o", "pipefail", "-c", &shell])
        .current_dir(place.path())
        .output()
        .expect("bash runs");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn colours_only_on_a_terminal() {
    let ended = Place::new().airlock("--config nowhere.toml man pages");
    assert!(!ended.stderr.contains('\x1b'));
}

#[test]
fn priorities_under_journald() {
    let place = Place::new();
    // Stands in for the journal's socket: only its device and inode are looked at.
    let journal = std::fs::File::create(place.path().join("journal")).expect("made");
    let about = journal.metadata().expect("made");
    let stream = format!("{}:{}", about.dev(), about.ino());
    let shell = format!(
        "{} --config nowhere.toml man pages 2>journal",
        env!("CARGO_BIN_EXE_airlock")
    );
    let ended = std::process::Command::new("bash")
        .args(["-c", &shell])
        .env("JOURNAL_STREAM", stream)
        .current_dir(place.path())
        .status()
        .expect("bash runs");
    assert_eq!(ended.code(), Some(3));
    let said = std::fs::read_to_string(place.path().join("journal")).expect("read");
    assert!(said.lines().all(|line| line.starts_with("<3>")), "{said}");
}
