//! Files that are not compared in memory.

use airlock::Silent;
use airlock::delta::{Choice, CompileInput, DeltaPart, Effort, PartKind, Way, Why, compile};
use airlock::repo::Mode;

use super::{Two, changed, noise};

/// Makes the one file out of the other, and tells how it travels.
fn made(mode: Mode, old: Vec<u8>, new: Vec<u8>) -> Choice {
    let two = Two::new(mode, &[old], &[new]).weighed();
    let (compiled, parts) = two.compile(Effort::Balanced).unwrap();
    two.check(&compiled, &parts);
    let [choice] = compiled.choices[..] else {
        panic!("{:?}", compiled.choices)
    };
    choice
}

#[test]
fn what_is_compressed_already_is_made_of_ranges_when_large() {
    let mut old = noise(13 << 20, 1);
    let mut new = changed(&old);
    // Short of a part, but long enough not to be compared in memory.
    new[..3 << 20].copy_from_slice(&noise(3 << 20, 2));
    old.truncate(12 << 20);
    let choice = made(Mode::Archive, old, new);
    assert_eq!((choice.way, choice.why), (Way::Copied, Why::Saves));
    assert!(choice.weight < 5 << 20, "{choice:?}");
}

/// Two versions of a file of 26 MB, which is not compressed.
fn two_texts() -> (Vec<u8>, Vec<u8>) {
    let text = |bytes: Vec<u8>| -> Vec<u8> {
        let half = |bits: u8| b'a' + bits;
        bytes
            .iter()
            .flat_map(|byte| [half(byte >> 4), half(byte & 15)])
            .collect()
    };
    let old = text(noise(13 << 20, 1));
    // What is at its end comes first now, and some of it is new.
    let (one, other) = old.split_at(9 << 20);
    let new = changed(&[other, &text(noise(200_000, 2)), one].concat());
    (old, new)
}

#[test]
fn a_large_file_is_patched_window_by_window() {
    let (old, new) = two_texts();
    for mode in [Mode::Archive, Mode::BareUser] {
        let choice = made(mode, old.clone(), new.clone());
        assert_eq!((choice.way, choice.why), (Way::Patched, Why::Saves));
        assert!(choice.weight < 1 << 20, "{choice:?}");
        assert_eq!(choice.made, choice.weight);
    }
    let two = Two::new(Mode::Archive, &[old], &[new]).weighed();
    let mut kinds = Vec::new();
    let take = &mut |part: DeltaPart| {
        kinds.push(part.kind());
        Ok(())
    };
    let made = two.with_input(Effort::Balanced, |input| compile(input, &Silent, take));
    made.unwrap();
    assert_eq!(kinds, [PartKind::LargePatch]);
}

/// Tells how the one file would travel, by some of its windows.
fn weigh(two: &Two, one_window_in: u64) -> Choice {
    let compiled = two.with_input(Effort::Balanced, |input| {
        let input = CompileInput {
            one_window_in,
            ..*input
        };
        compile(&input, &Silent, &mut |_| Ok(())).unwrap()
    });
    compiled.choices[0]
}

#[test]
fn some_windows_stand_for_all() {
    let (old, new) = two_texts();
    let two = Two::new(Mode::BareUser, &[old], &[new]).weighed();
    let (all, some) = (weigh(&two, 1), weigh(&two, 2));
    assert_eq!(some.way, Way::Patched);
    // Three of seven windows.
    assert!(some.made < all.made * 2 / 3, "{some:?} of {all:?}");
    assert_eq!(some.weight / some.made, 2, "{some:?}");
}

#[test]
fn a_file_of_one_window_is_looked_at() {
    let (old, mut new) = two_texts();
    new.truncate(3 << 20);
    let two = Two::new(Mode::BareUser, &[old], &[new]).weighed();
    assert!(weigh(&two, 1).weight > 0);
    assert_eq!(weigh(&two, 4), weigh(&two, 1));
}
