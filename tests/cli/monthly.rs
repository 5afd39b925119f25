//! The three short commands of every month, and what they say when something is missing.

use std::fs;

use serde_json::Value;

use crate::run::{Ended, Place};

/// A twin and a site, each with its configuration; nothing is released yet.
fn place() -> Place {
    let place = Place::new();
    for line in [
        "init --repo dev",
        "init --repo twin",
        "init --repo site",
        "key generate --user-id Test -o test",
    ] {
        ok(&place, line);
    }
    for dir in ["tree", "stick"] {
        fs::create_dir(place.path().join(dir)).expect("made");
    }
    configure(&place, "");
    place
}

fn configure(place: &Place, more: &str) {
    let pair = "[[promote]]\nfrom = 'os/dev'\nto = 'os/stable'\n";
    let keys = "[keys]\nbundle = 'test.key'\ncommit = 'test.key'\nsummary = 'test.key'\n";
    let twin = format!("repo = 'twin'\nfrom-repo = 'dev'\n{more}{keys}{pair}");
    fs::write(place.path().join("twin.toml"), twin).expect("written");
    let site = "repo = 'site'\ntrust = 'test.asc'\n";
    fs::write(place.path().join("site.toml"), site).expect("written");
}

fn ok(place: &Place, line: &str) -> Ended {
    let ended = place.airlock(line);
    assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
    ended
}

/// Tests and promotes a version; returns the release commit.
fn promote(place: &Place, version: u32) -> String {
    fs::write(place.path().join("tree/version"), version.to_string()).expect("written");
    let mut state = version;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..60_000).map(step).collect();
    fs::write(place.path().join("tree/noise"), noise).expect("written");
    let commit = "commit --repo dev -b os/dev --tree dir=tree --no-xattrs";
    let of = format!("--add-metadata-string version={version}");
    ok(place, &format!("{commit} {of}"));
    let ended = ok(place, "--config twin.toml promote");
    ended.stdout.trim().to_owned()
}

const EXPORT: &str = "--config twin.toml export -o stick";
const IMPORT: &str = "--config site.toml import";

/// What lies on the stick, by name.
fn stick(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path().join("stick")).expect("listed");
    let mut names: Vec<_> = entries
        .map(|entry| format!("stick/{}", entry.expect("listed").file_name().display()))
        .collect();
    names.sort();
    names
}

fn head(place: &Place) -> String {
    let shown = ok(place, "--json --config site.toml refs");
    let document: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    document.to_string()
}

#[test]
fn an_export_without_a_base_says_what_is_missing() {
    let place = place();
    let first = promote(&place, 1);
    let refused = place.airlock(EXPORT);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!("no_site_and_nothing_before", refused.stderr);
    ok(&place, &format!("{EXPORT} --full"));
    promote(&place, 2);
    let refused = place.airlock(EXPORT);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!("no_site", refused.stderr.replace(&first, "FIRST"));

    configure(&place, "site = 'oslo'\n");
    let refused = place.airlock(EXPORT);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!(
        "nothing_for_this_site",
        refused.stderr.replace(&first, "FIRST")
    );
    ok(&place, &format!("{EXPORT} --from {first}"));
    // From here on every month is three short commands.
    let third = promote(&place, 3);
    ok(&place, EXPORT);
    ok(&place, &format!("{IMPORT} {}", stick(&place).join(" ")));
    assert!(head(&place).contains(&third));
}

/// Three bundles, each on top of the one before.
fn three(place: &Place) -> (Vec<String>, String) {
    configure(place, "site = 'oslo'\n");
    promote(place, 1);
    ok(place, &format!("{EXPORT} --full"));
    promote(place, 2);
    ok(place, EXPORT);
    let last = promote(place, 3);
    ok(place, EXPORT);
    (stick(place), last)
}

#[test]
fn several_bundles_are_imported_oldest_first() {
    let place = place();
    let (names, last) = three(&place);
    let backwards: Vec<&str> = names.iter().rev().map(String::as_str).collect();
    let line = format!("--json {IMPORT} {}", backwards.join(" "));
    let document: Value = serde_json::from_str(&ok(&place, &line).stdout).expect("JSON");
    let all = document["result"].as_array().expect("three outcomes");
    assert_eq!((all.len(), &document["changed"]), (3, &Value::Bool(true)));
    assert!(head(&place).contains(&last));

    // A directory where they lie is as good, and nothing happens twice.
    let again = ok(&place, &format!("--json {IMPORT} stick"));
    let document: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(
        (&document["changed"], &document["exit"]),
        (&Value::Bool(false), &0.into())
    );
    let superseded = document["result"].as_array().expect("three").iter();
    let superseded: Vec<_> = superseded.map(|one| one["superseded"].clone()).collect();
    assert_eq!(
        superseded,
        [Value::Bool(true), Value::Bool(true), Value::Bool(false)]
    );
    let old = ok(&place, &format!("--json {IMPORT} {}", names[0]));
    let document: Value = serde_json::from_str(&old.stdout).expect("JSON");
    assert_eq!(document["result"]["superseded"], true);
}

#[test]
fn the_first_failure_ends_it_and_says_what_is_in() {
    let place = place();
    let (names, last) = three(&place);
    let broken = place.path().join(&names[1]);
    let mut bytes = fs::read(&broken).expect("read");
    let middle = bytes.len() - 4096;
    bytes[middle] ^= 1;
    fs::write(&broken, bytes).expect("written");
    let ended = place.airlock(&format!("{IMPORT} {}", names.join(" ")));
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains(&names[1]), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("was taken in before it"),
        "{}",
        ended.stderr
    );
    assert!(
        !ended.stderr.contains("Nothing was changed"),
        "{}",
        ended.stderr
    );
    assert!(!head(&place).contains(&last));
}

#[test]
fn one_bundle_at_a_time_where_it_matters() {
    let place = place();
    let (names, _) = three(&place);
    let all = names.join(" ");
    for line in [
        format!("{IMPORT} --dry-run {all}"),
        format!("{IMPORT} {all} --signature {}", names[0]),
        format!("--config site.toml verify {all}"),
        format!("inspect {all}"),
    ] {
        let ended = place.airlock(&line);
        assert_eq!(ended.code, 2, "{line}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("ame one bundle"),
            "{line}: {}",
            ended.stderr
        );
    }
    // The same file twice is still a repeated volume.
    let twice = place.airlock(&format!("{IMPORT} {} {}", names[0], names[0]));
    assert_eq!(twice.code, 5, "{}", twice.stderr);
    assert!(twice.stderr.contains("repeats"), "{}", twice.stderr);
}

#[test]
fn volumes_of_several_bundles_find_each_other() {
    let place = place();
    configure(&place, "site = 'oslo'\n");
    promote(&place, 1);
    ok(&place, &format!("{EXPORT} --full --split-size 24K"));
    let last = promote(&place, 2);
    ok(&place, &format!("{EXPORT} --split-size 24K"));
    let mut names = stick(&place);
    assert!(names.len() >= 4, "{names:?}");
    names.reverse();
    ok(&place, &format!("{IMPORT} {}", names.join(" ")));
    assert!(head(&place).contains(&last));
}

#[test]
fn lines_of_a_log_name_the_bundle() {
    let place = place();
    promote(&place, 1);
    ok(&place, &format!("{EXPORT} --full"));
    let name = stick(&place).remove(0);
    let json = ok(&place, &format!("--json inspect {name}"));
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let id = document["result"]["id"]
        .as_str()
        .or(document["result"]["bundle"].as_str());
    let id = id.expect("an id")[..12].to_owned();
    let ended = ok(&place, &format!("--progress plain {IMPORT} {name}"));
    let file = name.trim_start_matches("stick/");
    let about = format!("{file} {id}: ");
    assert!(ended.stderr.contains(&about), "{}", ended.stderr);
}
