//! What the kernel is asked to take away, and when.

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    vec![
        crate::trial(
            "confined::before_the_bundle_is_opened",
            &[Tool::Landlock, Tool::Strace],
            before,
        ),
        crate::trial("confined::told_in_json", &[Tool::Landlock], told),
        crate::trial("confined::gpg_keeps_its_rights", &[Tool::Gpg], gpg),
    ]
}

/// Every verb that reads what came from outside, a bundle, several or a delta.
const VERBS: [&str; 9] = [
    "inspect update.airlock",
    "inspect update.airlock --html page.html",
    "verify update.airlock --trust release.asc",
    "import update.airlock --repo srv/offline --trust release.asc --site-record record",
    "import stick --repo srv/offline --trust release.asc",
    "fsck --repo srv/offline --trust release.asc --repair update.airlock",
    "fsck --repo srv/offline --trust release.asc --repair stick",
    "delta show made/superblock",
    "delta apply --repo other made/superblock",
];

/// A world with an update that is not imported yet, a stick with it and another, and a delta.
fn world() -> World {
    let release = Release::first("archive");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    release.promote(2);
    let world = release.world;
    for dir in ["made", "stick"] {
        std::fs::create_dir(world.path(dir)).unwrap();
    }
    let export = "export --repo=release --key=release.key os/stable";
    for base in [
        "--from=os/stable^ -o update.airlock",
        "--full -o stick/all.airlock",
    ] {
        world.airlock(&format!("{export} {base}")).ok();
    }
    std::fs::copy(
        world.path("update.airlock"),
        world.path("stick/update.airlock"),
    )
    .unwrap();
    world
        .airlock("delta generate --repo=release --empty os/stable -o made/superblock")
        .ok();
    world.airlock("init --repo=other").ok();
    world
}

/// The rights are gone before a byte of the bundle is read or a thread is started, and no program is
/// run, and nobody called, from there on.
fn before() {
    let world = world();
    let calls =
        "landlock_restrict_self,seccomp,prctl,open,openat,openat2,clone,clone3,execve,socket";
    let airlock = env!("CARGO_BIN_EXE_airlock");
    for verb in VERBS {
        let strace = format!("-f -o trace -e trace={calls} {airlock} {verb}");
        world.run("strace", &strace).ok();
        let trace = std::fs::read_to_string(world.path("trace")).unwrap();
        let lines: Vec<&str> = trace.lines().collect();
        let first = |words: &[&str]| {
            let found = |line: &&str| words.iter().all(|word| line.contains(word));
            lines.iter().position(found)
        };
        let confined = [
            first(&["prctl(PR_SET_NO_NEW_PRIVS, 1", "= 0"]),
            first(&["landlock_restrict_self(", "= 0"]),
            first(&["seccomp(SECCOMP_SET_MODE_FILTER", "= 0"]),
        ];
        let confined = confined.map(|at| at.unwrap_or_else(|| panic!("{verb}: never\n{trace}")));
        let confined = confined.into_iter().max().unwrap();
        let foreign = |line: &&str| {
            (line.contains("update.airlock\"") || line.contains("made/superblock\""))
                && line.contains(" open")
                && !line.contains("O_PATH")
        };
        let read = lines.iter().position(foreign);
        assert!(Some(confined) < read, "{verb}\n{trace}");
        let thread = lines.iter().position(|line| line.contains("clone"));
        assert!(thread.is_none_or(|at| confined < at), "{verb}\n{trace}");
        let after = lines[confined..].join("\n");
        assert!(
            !after.contains("execve(") && !after.contains("socket("),
            "{verb}\n{after}"
        );
        assert!(
            !after.contains("EACCES"),
            "{verb}: a right is missing\n{after}"
        );
    }
}

/// The document says how far; what was not wanted is told as well.
fn told() {
    let world = world();
    std::fs::create_dir(world.path("record")).unwrap();
    for verb in VERBS {
        let full = world
            .airlock(&format!("{verb} --json --confine require"))
            .ok();
        assert!(full.contains("\"level\": \"full\""), "{verb}: {full}");
    }
    // Here stdout is a pipe, for which there are no rules; there it is a file that is not here.
    let page = "inspect update.airlock --confine require --html /dev/stdout";
    world.airlock(page).ok();
    let airlock = env!("CARGO_BIN_EXE_airlock");
    world.shell(&format!("{airlock} {page} > record/page.html"));
    let off = world
        .airlock("inspect update.airlock --json --confine off")
        .ok();
    assert!(off.contains("\"level\": \"none\""), "{off}");
    std::fs::write(world.path("airlock.toml"), "confine = \"require\"\n").unwrap();
    let config = "--config airlock.toml verify update.airlock --trust release.asc --json";
    let full = world.airlock(config).ok();
    assert!(full.contains("\"level\": \"full\""), "{full}");
    // A refusal tells it too.
    let refused = world.airlock("verify update.airlock --trust other.asc --json");
    let document = refused.stdout();
    assert_eq!(refused.code(), Some(4), "{document}");
    assert!(document.contains("\"level\": \"full\""), "{document}");
}

/// gpg runs at the end of an import: it is not confined then, which is said, and refused on demand.
fn gpg() {
    let world = world();
    world.shell("gpg --batch -q --passphrase '' --quick-generate-key tester ed25519 sign never");
    let import = "import update.airlock --repo srv/offline --trust release.asc --gpg-sign tester";
    let required = world.airlock(&format!("{import} --confine require --json"));
    assert_eq!(required.code(), Some(7), "{required}");
    assert!(
        required.stdout().contains("\"changed\": false"),
        "{required}"
    );
    let done = world.airlock(&format!("{import} --json")).ok();
    assert!(
        done.contains("\"level\": \"none\"") && done.contains("gpg"),
        "{done}"
    );
}
