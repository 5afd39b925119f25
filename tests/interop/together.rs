//! `ostree` and airlock at work in one repository at the same time.

use std::thread;

use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("together::{name}"), &[Tool::Ostree], test);
    vec![test("committing_and_pruning", commits)]
}

/// Commits by both, while stock prunes again and again, which needs the lock for itself.
fn commits() {
    let world = &World::new();
    image::build(&world.path("image"), 1);
    for mode in ["archive", "bare-user"] {
        world
            .ostree(&format!("init --repo={mode} --mode={mode}"))
            .ok();
        let commit = |who: &str, number: u8| {
            format!("commit --repo={mode} -b {who}/{number} --tree=dir=image --no-xattrs")
        };
        thread::scope(|scope| {
            // airlock works alone among its own: another one would be told to wait.
            scope.spawn(|| (0..3).for_each(|n| drop(world.airlock(&commit("airlock", n)).ok())));
            for n in 0..3 {
                scope.spawn(move || world.ostree(&commit("ostree", n)).ok());
                scope.spawn(move || {
                    world
                        .ostree(&format!("prune --repo={mode} --refs-only"))
                        .ok()
                });
            }
        });
        world
            .ostree(&format!("prune --repo={mode} --refs-only"))
            .ok();
        world.ostree(&format!("fsck -q --repo={mode}")).ok();
        let refs = world.ostree(&format!("refs --repo={mode}")).ok();
        assert_eq!(refs.lines().count(), 6, "{mode}: {refs}");
        let staged = std::fs::read_dir(world.path(mode).join("tmp"))
            .unwrap()
            .map(Result::unwrap);
        let staged: Vec<_> = staged
            .map(|entry| entry.file_name())
            .filter(|name| name != "cache")
            .collect();
        assert!(staged.is_empty(), "{mode}: {staged:?}");
    }
}
