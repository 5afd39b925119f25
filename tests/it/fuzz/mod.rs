//! Every input that the fuzzer was given, or found, played back.
//!
//! ```text
//! tests/data/fuzz/make-seeds.py       takes the seeds out of what stock tools wrote
//!                 <target>.tar.gz     seeds, and what a fuzzer added to them, minimised
//!                 <target>/…          what once broke the invariant, by the fault
//! ```

pub mod targets;

use std::io::Read;

use targets::{TARGETS, run};

use crate::fixture;

/// Returns the inputs that are kept for a target, with what each is called.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let packed = fixture::read(&format!("fuzz/{target}.tar.gz"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut inputs = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        inputs.push((name, bytes));
    }
    let faults = std::fs::read_dir(fixture::path("fuzz").join(target));
    for entry in faults.into_iter().flatten() {
        let path = entry.unwrap().path();
        inputs.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    inputs
}

/// Says which input it was before the panic says what is wrong with it.
fn play(target: &str) {
    let inputs = kept(target);
    assert!(!inputs.is_empty(), "{target} has no seeds");
    let mut accepted = 0;
    for (name, bytes) in inputs {
        let played = std::panic::catch_unwind(|| run(target, &bytes));
        let played = played.unwrap_or_else(|_| panic!("{target}: not so for {name}"));
        accepted += usize::from(played);
    }
    assert!(accepted > 0, "{target}: none of its inputs is accepted");
}

#[test]
fn every_target_holds_for_what_is_kept() {
    std::thread::scope(|scope| {
        for (target, _) in TARGETS {
            scope.spawn(|| play(target));
        }
    });
}

/// Each target is a binary of the fuzz package, under the same name.
#[test]
fn every_target_has_its_binary() {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/Cargo.toml");
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let named = |bin: &toml::Value| bin["name"].as_str().unwrap().to_owned();
    let binaries: Vec<String> = manifest["bin"]
        .as_array()
        .unwrap()
        .iter()
        .map(named)
        .collect();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(binaries, targets);
}
