//! What is in normal form: our verdict and GLib's, on changed bytes.
//!
//! GLib's verdict is that it calls them normal, and would write them itself.

use std::fmt::Write as _;

use airlock::format::gvariant::View;
use libtest_mimic::Trial;

use crate::tools::{Tool, run};

pub fn trials() -> Vec<Trial> {
    vec![crate::trial(
        "glib::normal_form_is_what_glib_says",
        &[Tool::GLib],
        normal_form,
    )]
}

const JUDGE: &str = r#"
import sys
from gi.repository import GLib
for line in open(sys.argv[1]):
    kind, _, data = line.rstrip("\n").partition(" ")
    data = GLib.Bytes.new(bytes.fromhex(data))
    value = GLib.Variant.new_from_bytes(GLib.VariantType.new(kind), data, False)
    # An empty variable tuple inside an array passes is_normal_form, though GLib would not write it.
    again = lambda: GLib.Variant.parse(value.get_type(), value.print_(True), None, None)
    print(int(value.is_normal_form() and again().get_data_as_bytes().equal(data)))
"#;

fn normal_form() {
    let cases = cases();
    let scratch = tempfile::tempdir().unwrap();
    let (judge, list) = (
        scratch.path().join("judge.py"),
        scratch.path().join("cases"),
    );
    let mut text = String::new();
    for (signature, bytes) in &cases {
        let hex = bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        writeln!(text, "{signature} {hex}").unwrap();
    }
    std::fs::write(&judge, JUDGE).unwrap();
    std::fs::write(&list, text).unwrap();
    let verdicts = run(scratch.path(), "/usr/bin/python3", [&judge, &list]).ok();
    let verdicts: Vec<bool> = verdicts.lines().map(|line| line == "1").collect();
    assert_eq!(verdicts.len(), cases.len());
    let accepted = verdicts.iter().filter(|verdict| **verdict).count();
    assert!(
        accepted > cases.len() / 50 && accepted < cases.len() / 2,
        "{accepted} accepted"
    );
    for ((signature, bytes), verdict) in cases.iter().zip(verdicts) {
        let ours = View::parse(signature, bytes);
        assert_eq!(ours.is_ok(), verdict, "{signature} {bytes:02x?}: {ours:?}");
    }
}

/// Takes every fixture, and changes, cuts and lengthens it in ways that are the same every time.
fn cases() -> Vec<(String, Vec<u8>)> {
    let fixtures = include_bytes!("../data/format/gvariant.json");
    let fixtures: Vec<serde_json::Value> = serde_json::from_slice(fixtures).unwrap();
    let mut seeds: Vec<(String, Vec<u8>)> = Vec::new();
    for fixture in &fixtures {
        let field = |name: &str| fixture[name].as_str().unwrap().to_owned();
        let hex = field("hex_le");
        let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect();
        seeds.push((field("type"), bytes));
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut cases = seeds.clone();
    for (signature, bytes) in seeds.iter().filter(|(_, bytes)| bytes.len() <= 400) {
        for _ in 0..400 {
            cases.push((signature.clone(), random.change(bytes)));
        }
        // The same bytes as another type.
        let other = &seeds[random.below(seeds.len())].0;
        cases.push((other.clone(), bytes.clone()));
    }
    cases
}

/// Marsaglia's xorshift: the same cases in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match (self.below(5), bytes.get_mut(at)) {
                (0, Some(byte)) => *byte ^= 1 << self.below(8),
                (1, Some(byte)) => *byte = self.below(256) as u8,
                (2, Some(_)) => drop(bytes.remove(at)),
                (3, _) => bytes.insert(at, [0, 1, b's', b'u', b'a'][self.below(5)]),
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}
