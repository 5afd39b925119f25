//! A stock client follows a site back to the release before, and forward again.

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;

pub fn trials() -> Vec<Trial> {
    vec![crate::trial(
        "rollback: a client trusts what is published again",
        &[Tool::Ostree],
        follows_back,
    )]
}

fn follows_back() {
    let release = Release::first("archive");
    let world = &release.world;
    let url = format!("file://{}", world.path("srv/offline").display());
    world
        .airlock(&format!(
            "client-config --repo=srv/offline --remote=os --url={url} --trust=release.asc -o client.d"
        ))
        .ok();
    let client = || {
        world.shell(
            "rm -rf client; ostree --repo=client init --mode=bare-user
             cat client.d/remotes.d/os.conf >> client/config
             grep -q '^gpg-verify=true' client/config
             grep -q '^gpg-verify-summary=true' client/config
             cp client.d/remotes.d/os.trustedkeys.gpg client/
             ostree --repo=client pull os os/stable >&2
             ostree --repo=client rev-parse os:os/stable",
        )
    };
    let first = client();
    let pair = "sha256sum srv/offline/summary srv/offline/summary.sig";
    let signed = world.shell(pair);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    release.promote(2);
    let export = "export --repo=release os/stable --from=os/stable^ --key=release.key";
    let import = "import --repo=srv/offline --trust=release.asc";
    world.airlock(&format!("{export} -o no.airlock")).ok();
    world.airlock(&format!("{import} no.airlock")).ok();
    let second = client();
    assert_ne!(first, second);
    // The bundle did not permit it.
    let hold = "rollback --hold --repo=srv/offline";
    assert_eq!(world.airlock(hold).code(), Some(6));
    assert_eq!(client(), second);

    world.shell("mv srv/offline srv/without");
    world.airlock("init --repo=srv/offline").ok();
    for bundle in ["full.airlock", "yes.airlock"] {
        if bundle == "yes.airlock" {
            let export = format!("{export} --may-return -o {bundle}");
            world.airlock(&export).ok();
        }
        world.airlock(&format!("{import} {bundle}")).ok();
    }
    assert_eq!(client(), second);
    world.airlock(hold).ok();
    assert_eq!(client(), first);
    assert_eq!(world.shell(pair), signed);
    world.ostree("fsck -q --repo=srv/offline").ok();

    // At the twin the old tree becomes a newer commit, which travels as any does.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let rollback = "rollback --repo=release os/stable os/stable^ --key=release.key";
    let third = world.airlock(rollback).ok();
    world.airlock(&format!("{export} -o back.airlock")).ok();
    world.airlock(&format!("{import} back.airlock")).ok();
    assert_eq!(client(), third);
    let same = world.shell(&format!("ostree --repo=srv/offline diff {first} {third}"));
    assert_eq!(same, "");
}
