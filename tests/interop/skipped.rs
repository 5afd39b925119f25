//! Releases that a site skipped and was told of: stock tools see what they are, and pull past them.

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;

pub fn trials() -> Vec<Trial> {
    vec![crate::trial(
        "skipped: ostree logs, checks and pulls a history of commits without trees",
        &[Tool::Ostree],
        history,
    )]
}

fn history() {
    let release = Release::first("archive");
    let world = &release.world;
    let first = release.head("release");
    let next = |version| {
        // Promotions within one second would have one timestamp.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        release.promote(version);
        release.head("release")
    };
    let (second, third) = (next(2), next(3));
    let export = format!("export --repo=release os/stable --from={first} --history 5");
    for words in [
        format!("{export} -o skipped.airlock --key=release.key"),
        "import skipped.airlock --repo=srv/offline --trust=release.asc".to_owned(),
    ] {
        world.airlock(&words).ok();
    }
    let log = world.ostree("log --repo=srv/offline os/stable").ok();
    let told = log.lines().filter_map(|line| line.strip_prefix("commit "));
    assert_eq!(told.collect::<Vec<_>>(), [&third, &second, &first]);
    world.ostree("fsck --repo=srv/offline").ok();
    // Its tree is not there, and ostree says so instead of finding the repository broken.
    let tree = world.ostree(&format!("ls --repo=srv/offline {second}"));
    assert_ne!(tree.code(), Some(0));

    world.shell(
        "ostree --repo=client init --mode=bare-user
         ostree --repo=client remote add --no-gpg-verify os file://$PWD/srv/offline
         ostree --repo=client pull os os/stable
         ostree --repo=client fsck",
    );
    let pulled = world.ostree("rev-parse --repo=client os:os/stable").ok();
    assert_eq!(pulled, third);
}
