//! What the kernel is asked for, and in which order: after a power cut there is the old state, or the
//! new one.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    vec![crate::trial(
        "durable::a_commit_is_synced_before_it_is_seen",
        &[Tool::Strace],
        commit,
    )]
}

/// The calls that matter, as regular steps: each begins only when all before it have ended.
const STEPS: [(&str, &[&str]); 7] = [
    (
        "the shared lock is libostree's",
        &["F_OFD_SETLK, {l_type=F_RDLCK", "/repo/.lock>"],
    ),
    ("objects are staged", &["linkat(", "/tmp/staging-"]),
    ("they are on the disk", &["syncfs("]),
    (
        "they are moved into place",
        &["renameat2(", "/tmp/staging-", "/objects>"],
    ),
    ("the redo record stands", &["renameat(", "\"redo.json\""]),
    ("the commit is there", &["renameat(", ".commit\""]),
    (
        "the ref names it",
        &["renameat(", "/refs/heads/os>", "\"main\""],
    ),
];

fn commit() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    world.airlock("init --repo=repo").ok();
    let calls = "syncfs,fsync,fdatasync,renameat,renameat2,rename,linkat,fcntl";
    let airlock = env!("CARGO_BIN_EXE_airlock");
    let commit = format!("{airlock} commit --repo=repo -b os/main --tree=dir=image");
    world
        .run(
            "strace",
            &format!("-f -y -o trace -e trace={calls} {commit}"),
        )
        .ok();
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let done = completed(&trace);
    let positions = |words: &[&str]| -> Vec<usize> {
        let matches = |call: &str| words.iter().all(|word| call.contains(word));
        (0..done.len()).filter(|&at| matches(&done[at])).collect()
    };
    let mut ended = None;
    for (step, words) in STEPS {
        let found = positions(words);
        let first = found
            .first()
            .unwrap_or_else(|| panic!("{step}: never\n{trace}"));
        assert!(ended < Some(*first), "{step}: too early\n{trace}");
        // Many directories are synced by a second syncfs, which is judged below.
        ended = match words {
            ["syncfs("] => Some(*first),
            _ => found.last().copied(),
        };
    }
    // So is that of the commit before the ref names it.
    let (seen, named) = (positions(STEPS[5].1), positions(STEPS[6].1));
    let commits = positions(&["fsync(", "/objects/"]);
    assert!(
        commits
            .iter()
            .any(|sync| (seen[0]..named[0]).contains(sync)),
        "{trace}"
    );
    // Every directory that got an object is on the disk before the record is written.
    let record = positions(STEPS[4].1)[0];
    for at in positions(STEPS[3].1) {
        let name = done[at].rsplit('"').nth(1).unwrap();
        let mut synced = positions(&["fsync(", &format!("/objects/{}>", &name[..2])]);
        synced.extend(positions(&["syncfs("]));
        assert!(
            synced.iter().any(|sync| (at..record).contains(sync)),
            "{name}\n{trace}"
        );
    }
}

/// Returns the calls that succeeded, in the order in which they ended.
fn completed(trace: &str) -> Vec<String> {
    let mut begun = HashMap::new();
    let mut done = Vec::new();
    for line in trace.lines() {
        let (process, call) = line.split_once(' ').unwrap();
        let call = match (
            call.split_once("<unfinished ...>"),
            call.split_once(" resumed>"),
        ) {
            (Some((head, _)), _) => {
                begun.insert(process, head);
                continue;
            }
            (None, Some((_, tail))) => {
                format!("{}{tail}", begun.remove(process).unwrap_or_default())
            }
            (None, None) => call.to_owned(),
        };
        if call.ends_with(" = 0") {
            done.push(call);
        }
    }
    done
}
