//! `airlock export` that is killed: what it leaves never looks like a bundle.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::run::Place;

const EXPORT: &str =
    "export --repo repo os/stable --full -o out/b.airlock --key release.key --progress none";

/// A place with a key, and a repository with a signed commit of some twenty megabytes.
fn place() -> Place {
    let place = Place::new();
    for directory in ["tree", "out"] {
        fs::create_dir(place.path().join(directory)).unwrap();
    }
    let mut state = 1_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    for number in 0..20 {
        let bytes: Vec<u8> = (0..1 << 20).map(|_| noise()).collect();
        fs::write(place.path().join(format!("tree/{number}")), bytes).unwrap();
    }
    for line in [
        "key generate --user-id R<r@example.org> --output release",
        "init --repo repo --mode archive",
        "commit --repo repo --branch os/stable --tree dir=tree --no-xattrs --key release.key",
    ] {
        let ended = place.airlock(line);
        assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
    }
    place
}

#[test]
fn a_killed_export_leaves_no_bundle_and_the_next_one_takes_over() {
    let place = place();
    let names = || -> Vec<String> {
        let entries = fs::read_dir(place.path().join("out")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let mut left_unfinished = false;
    for delay in (0..40).map(|step| Duration::from_millis(step * 25)) {
        let mut export = Command::new(env!("CARGO_BIN_EXE_airlock"))
            .args(EXPORT.split(' '))
            .current_dir(place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        export.kill().unwrap();
        export.wait().unwrap();
        if names().contains(&"b.airlock".to_owned()) {
            break;
        }
        left_unfinished |= names() == ["b.airlock.partial"];
    }
    assert!(left_unfinished, "no attempt was killed while it wrote");
    if !names().contains(&"b.airlock".to_owned()) {
        let ended = place.airlock(EXPORT);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert_eq!(names(), ["b.airlock"]);
    let ended = place.airlock("verify out/b.airlock --trust release.asc");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
