//! Deltas whose operations are out of range, out of order, or no operations.

use airlock::format::Checksum;

use crate::attack::{Attack, Desk, withstand};
use crate::craft::{OLD_FILE, RawPart, Release, plain_file};

/// What the file of these releases is to hold.
const CONTENT: &[u8] = b"hello, world";
const SIZE: u64 = CONTENT.len() as u64;
/// Where it stands in the blob, where the name of an old file, and where a patch.
const AT: u64 = 0;
const SOURCE: u64 = SIZE;
const PATCH: u64 = SOURCE + 32;
const PATCH_SIZE: u64 = 24 + SIZE;

/// An operation: its code and its numbers.
type Op = (u8, Vec<u64>);

/// Numbers that no part of these has room for.
const TOO_MUCH: [u64; 5] = [1 << 20, 1 << 32, 1 << 63, u64::MAX - 40, u64::MAX];

/// The data that operations refer to, with this patch.
fn data(patch: &[u8]) -> RawPart {
    let mut part = RawPart::new();
    part.blob(CONTENT);
    part.blob(OLD_FILE.0.as_bytes());
    part.blob(patch);
    part
}

/// One record of a patch: how much to add, to copy, and to move.
fn record(add: i64, copy: i64, seek: i64) -> Vec<u8> {
    let number = |n: i64| n.unsigned_abs() | u64::from(n < 0) << 63;
    [add, copy, seek].map(number).map(u64::to_le_bytes).concat()
}

/// A patch that brings all of the content.
fn good_patch() -> Vec<u8> {
    [&record(0, SIZE as i64, 0)[..], CONTENT].concat()
}

/// A release that is made by these operations.
fn release(file: Checksum, mut data: RawPart, ops: &[Op]) -> Release {
    ops.iter()
        .for_each(|(code, numbers)| data.op(*code, numbers));
    Release::of_file(file, &data)
}

/// Sound programs, of every shape that the stock format has, and the file that each makes.
fn programs() -> Vec<(&'static str, Checksum, Vec<Op>)> {
    let whole = plain_file(CONTENT);
    let copied = plain_file(&OLD_FILE.1[2..2 + CONTENT.len()]);
    let open = (b'o', vec![0, 0, SIZE]);
    let close = (b'c', vec![]);
    let source = (b'r', vec![SOURCE]);
    let splice = (b'S', vec![0, 0, SIZE, AT]);
    let pieces = [(b'w', vec![5, AT]), (b'w', vec![SIZE - 5, AT + 5])];
    let copy = (b'w', vec![SIZE, 2]);
    let patch = (b'B', vec![PATCH, PATCH_SIZE]);
    let [first, second] = pieces;
    vec![
        ("splice", whole, vec![splice]),
        (
            "write",
            whole,
            vec![open.clone(), first, second, close.clone()],
        ),
        (
            "copy",
            copied,
            vec![source.clone(), open.clone(), copy, close.clone()],
        ),
        ("patch", whole, vec![source, open, patch, close]),
    ]
}

#[test]
fn the_sound_programs_are_taken() {
    for (name, file, ops) in programs() {
        let bundle = release(file, data(&good_patch()), &ops).forged().tar();
        let desk = Desk::new();
        std::fs::write(desk.path().join("good"), bundle).unwrap();
        for repo in desk.repos() {
            let ended = desk.run(&["import", "good", "--trust", "trust.asc", "--repo", &repo]);
            assert_eq!(ended.code, Ok(0), "{name}: {}", ended.stderr);
        }
    }
}

/// Every number of every operation, and what it makes too much.
pub fn out_of_range() -> Vec<(String, Release)> {
    let mut spoilt = Vec::new();
    for (program, file, ops) in programs() {
        for (at, (code, numbers)) in ops.iter().enumerate() {
            for which in 0..numbers.len() {
                for value in TOO_MUCH {
                    let mut ops = ops.clone();
                    ops[at].1[which] = value;
                    let name = format!("{program}: number {which} of {} is {value}", *code as char);
                    spoilt.push((name, release(file, data(&good_patch()), &ops)));
                }
            }
        }
    }
    spoilt
}

#[test]
fn numbers_out_of_range() {
    let attack = |(name, release): (String, Release)| {
        // How long an old file is, only a site can tell.
        let of_old = name.starts_with("copy: number 1 of w");
        let attack = Attack::new(name, "", move || release.forged());
        if of_old {
            attack.only_at_import()
        } else {
            attack
        }
    };
    withstand(out_of_range().into_iter().map(attack).collect());
}

/// Programs of raw bytes: in a wrong order, cut, or made of what is no operation.
fn programs_at_fault() -> Vec<(String, &'static str, Vec<u8>)> {
    let patch = PATCH as u8;
    let open = &[b'o', 0, 0, 12][..];
    let write = &[b'w', 12, 0][..];
    let source = &[b'r', 12][..];
    let bspatch = &[b'B', patch, PATCH_SIZE as u8][..];
    let splice = &[b'S', 0, 0, 12, 0][..];
    let listed: [(&str, &'static str, &[&[u8]]); 22] = [
        ("nothing", "before it is complete", &[]),
        ("close, nothing open", "none is open", &[b"c"]),
        ("write, nothing open", "none is open", &[write, b"c"]),
        ("patch, nothing open", "none is open", &[source, bspatch]),
        (
            "two opens",
            "while another is open",
            &[open, open, write, b"c"],
        ),
        (
            "a splice in an open file",
            "while another is open",
            &[open, splice, b"c"],
        ),
        ("never closed", "before it is complete", &[open, write]),
        (
            "closed twice",
            "follows the last",
            &[open, write, b"c", b"c"],
        ),
        ("made twice", "follows the last", &[splice, splice]),
        (
            "a source after the last",
            "follows the last",
            &[splice, source],
        ),
        (
            "only sources",
            "before it is complete",
            &[source, b"RR", source],
        ),
        (
            "a patch without source",
            "without an old file",
            &[open, bspatch, b"c"],
        ),
        (
            "a patch after unset",
            "without an old file",
            &[source, open, b"R", bspatch, b"c"],
        ),
        (
            "a patch after a write",
            "the whole file",
            &[open, &[b'w', 1, 0], source, bspatch, b"c"],
        ),
        (
            "a write after a patch",
            "were declared",
            &[source, open, bspatch, b"R", write, b"c"],
        ),
        (
            "two patches",
            "the whole file",
            &[source, open, bspatch, bspatch, b"c"],
        ),
        (
            "less than declared",
            "were declared",
            &[open, &[b'w', 11, 0], b"c"],
        ),
        (
            "more than declared",
            "were declared",
            &[open, write, write, b"c"],
        ),
        ("a number of a thousand bytes", "", &[b"S", &[0x80; 1000]]),
        ("a number over 64 bits", "", &[b"r", &[0xff; 9], &[2]]),
        (
            "a number with needless bytes",
            "",
            &[b"S", &[0x80, 0], &[0, 12, 0]],
        ),
        (
            "a number that never ends",
            "",
            &[b"S", &[0, 0, 12], &[0x80]],
        ),
    ];
    let mut programs: Vec<_> = listed
        .iter()
        .map(|(name, says, bytes)| ((*name).to_owned(), *says, bytes.concat()))
        .collect();
    let whole = [open, write, b"c"].concat();
    for cut in 1..whole.len() {
        programs.push((format!("cut after {cut} bytes"), "", whole[..cut].to_vec()));
    }
    for code in [
        0, 1, b' ', b's', b'O', b'W', b'C', b'b', b'x', 0x7f, 0x80, 0xff,
    ] {
        let bytes = [&[code][..], splice].concat();
        programs.push((format!("operation {code:#x}"), "operation", bytes));
    }
    programs
}

/// The releases that they would make.
pub fn out_of_order() -> Vec<(String, Release)> {
    let release = |(name, _, bytes): (String, _, Vec<u8>)| {
        let mut data = data(&good_patch());
        data.ops = bytes;
        (name, Release::of_file(plain_file(CONTENT), &data))
    };
    programs_at_fault().into_iter().map(release).collect()
}

#[test]
fn operations_out_of_order() {
    let says = programs_at_fault().into_iter().map(|(_, says, _)| says);
    let attack = |((name, release), says): ((String, Release), _)| {
        Attack::new(name, says, move || release.forged())
    };
    withstand(out_of_order().into_iter().zip(says).map(attack).collect());
}

#[test]
fn patches_at_fault() {
    let size = SIZE as i64;
    let raw = |numbers: [u64; 3]| numbers.map(u64::to_le_bytes).concat();
    let huge = 1_u64 << 62;
    let far = [
        &record(0, 1, i64::MAX)[..],
        b"h",
        &record(1, 0, i64::MAX),
        b"e",
    ]
    .concat();
    let back = [
        &record(0, 1, i64::MIN + 1)[..],
        b"h",
        &record(1, 0, i64::MIN + 1),
        b"e",
    ]
    .concat();
    let table: [(&str, &'static str, Vec<u8>); 12] = [
        ("nothing", "truncated", vec![]),
        (
            "half a record",
            "truncated",
            record(0, size, 0)[..12].to_vec(),
        ),
        ("no content", "truncated", record(0, size, 0)),
        (
            "an end before the end",
            "truncated",
            [&record(0, 5, 0)[..], b"hello"].concat(),
        ),
        (
            "a negative sum",
            "impossible",
            [&record(-1, size, 0)[..], CONTENT].concat(),
        ),
        (
            "a negative copy",
            "impossible",
            [&record(0, -size, 0)[..], CONTENT].concat(),
        ),
        (
            "more than the file",
            "impossible",
            [&record(size, 1, 0)[..], CONTENT, b"x"].concat(),
        ),
        ("2^62 twice", "impossible", raw([huge, huge, 0])),
        ("2^64-1", "impossible", raw([u64::MAX, u64::MAX, u64::MAX])),
        ("moved over the end of numbers", "impossible", far),
        ("moved before the beginning of numbers", "impossible", back),
        (
            "a million empty records",
            "truncated",
            record(0, 0, 1).repeat(1 << 20),
        ),
    ];
    let attack = |(name, says, patch): (&str, _, Vec<u8>)| {
        Attack::new(format!("patch: {name}"), says, move || {
            let ops = [
                (b'r', vec![SOURCE]),
                (b'o', vec![0, 0, SIZE]),
                (b'B', vec![PATCH, patch.len() as u64]),
                (b'c', vec![]),
            ];
            release(plain_file(CONTENT), data(&patch), &ops).forged()
        })
    };
    withstand(table.into_iter().map(attack).collect());
}
