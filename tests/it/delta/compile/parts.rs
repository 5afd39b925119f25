//! How files are put into parts, and what comes out of them.

use airlock::Class;
use airlock::Silent;
use airlock::delta::{
    CompileInput, Effort, PartKind, RepoSources, SpineInput, apply_part, compile,
};
use airlock::repo::Mode;

use super::{Contents, Two, files, noise};
use crate::handmade::object_path;

#[test]
fn parts_are_the_same_however_the_work_is_shared() {
    let (old, new) = files();
    let two = Two::new(Mode::Archive, &old, &new);
    let first = two.compile(Effort::Small).unwrap();
    for _ in 0..3 {
        assert!(two.compile(Effort::Small).unwrap() == first);
    }
}

/// Puts all files into parts whole; returns the length and the kind of each part.
fn in_parts(two: &Two, effort: Effort) -> Vec<(u64, PartKind)> {
    let names: Vec<_> = two.contents.keys().copied().collect();
    let mut parts = Vec::new();
    two.with_input(effort, |input| {
        let spine = SpineInput {
            files: &names,
            ..input.spine
        };
        let input = CompileInput { spine, ..*input };
        compile(&input, &Silent, &mut |part| {
            parts.push((part.file_len(), part.kind()));
            Ok(())
        })
    })
    .unwrap();
    parts
}

#[test]
fn the_last_parts_are_small_ones() {
    let files: Vec<_> = (1..=8).map(|byte| vec![byte; 3_000_000]).collect();
    let two = Two::new(Mode::Archive, &[], &files);
    let parts = in_parts(&two, Effort::Balanced);
    let lens: Vec<_> = parts.iter().map(|(len, _)| len / 3_000_000).collect();
    // Of what deflates to next to nothing, little is left from the beginning on.
    assert_eq!(lens, [2, 2, 2, 2]);
}

#[test]
fn a_large_file_leaves_the_open_part_alone() {
    let noise = noise(40_000_000, 9);
    let files = [
        vec![1; 100],
        vec![2; 33_000_000],
        vec![3; 100],
        noise,
        vec![4; 9],
    ];
    let two = Two::new(Mode::BareUser, &[], &files);
    let mut seen: Vec<_> = in_parts(&two, Effort::Small)
        .into_iter()
        .map(|(len, kind)| (len / 1_000_000, kind))
        .collect();
    seen.sort_unstable_by_key(|(len, _)| *len);
    let (whole, dense) = (PartKind::Whole, PartKind::Dense);
    assert_eq!(seen, [(0, whole), (33, whole), (40, dense)]);
}

#[test]
fn of_a_damaged_old_file_nothing_is_made() {
    let (old, new) = files();
    let two = Two::new(Mode::Archive, &old, &new);
    let (compiled, parts) = two.compile(Effort::Balanced).unwrap();
    let superblock = &compiled.superblock;
    let sources = RepoSources::new(&two.bench.repo, two.bench.dir.path());
    let path = two
        .bench
        .repo
        .path()
        .join(object_path(&two.pairs[compiled.patched[0]].old));
    let sound = std::fs::read(&path).unwrap();
    for at in [9, sound.len() / 2, sound.len() / 3] {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let mut contents = Contents::default();
        let applied = superblock.parts.iter().zip(&parts);
        let error = applied
            .map(|(header, part)| apply_part(header, part.clone(), &sources, &mut contents))
            .find_map(Result::err)
            .expect("a fault");
        assert_eq!(error.class(), Class::Corrupt, "{at}: {error:?}");
    }
    // What follows the content was never part of it.
    std::fs::write(&path, [&sound[..], b"more"].concat()).unwrap();
    for (header, part) in superblock.parts.iter().zip(&parts) {
        apply_part(header, part.clone(), &sources, &mut Contents::default()).unwrap();
    }
}
