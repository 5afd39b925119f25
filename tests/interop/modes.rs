//! The whole path into repositories of every mode: what stock makes of the result.

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;
use crate::world::is_root;

pub fn trials() -> Vec<Trial> {
    vec![crate::trial(
        "modes::a_bundle_goes_into_every_mode",
        &[Tool::Ostree],
        every,
    )]
}

fn every() {
    for mode in ["archive", "bare-user", "bare"] {
        if mode == "bare" && !is_root() {
            continue;
        }
        let release = Release::first(mode);
        release.second();
        let world = &release.world;
        let head = release.head("release");
        assert_eq!(release.head("srv/offline"), head, "{mode}");
        world
            .ostree("fsck -q --repo=srv/offline --verify-bindings")
            .ok();
        world
            .airlock("fsck --repo=srv/offline --trust=release.asc")
            .ok();
        // The tree is the one that was promoted, down to owners and xattrs.
        let list = |repo: &str| world.ostree(&format!("ls --repo={repo} -RXC {head}")).ok();
        assert_eq!(list("srv/offline"), list("release"), "{mode}");
        // Stock copies it on, checking every object.
        world.ostree("init --repo=copy --mode=bare-user").ok();
        world
            .ostree(&format!(
                "pull-local --repo=copy --untrusted srv/offline {head}"
            ))
            .ok();
        world.ostree("fsck -q --repo=copy").ok();
        // Again, nothing changes.
        let before = world.listing("srv/offline");
        world
            .airlock("import update.airlock --repo=srv/offline --trust=release.asc")
            .ok();
        assert_eq!(world.listing("srv/offline"), before, "{mode}");
    }
}
