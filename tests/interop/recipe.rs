//! The README's recipes for stock tools, as they stand there.

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg, Tool::Zstd];
    let test = |name: &str, test: fn()| crate::trial(&format!("recipe::{name}"), needs, test);
    vec![
        test("a_bundle_opens_with_stock_tools", opens),
        test("a_directory_becomes_the_tar_form", tar_form),
    ]
}

/// Returns a block of shell from the README's section on stock tools.
fn block(number: usize) -> String {
    let readme = include_str!("../../README.md");
    let section = readme
        .split("\n## ")
        .find(|section| section.starts_with("Check it without airlock"));
    let mut blocks = section.expect("the section").split("```sh\n").skip(1);
    let block = blocks
        .nth(number)
        .and_then(|block| block.split("```").next());
    block.expect("the block").to_owned()
}

/// Follows the recipe for the full bundle, then for the update, in the repository of the first.
fn opens() {
    let release = Release::first("archive");
    let world = &release.world;
    world.shell("mkdir full && cp full.airlock release.asc full/");
    let first = release.head("release");
    follow(&release, "full", None);
    release.second();
    world.shell("mkdir update && cp -a full/look release.asc update/");
    world.shell("cp update.airlock update/full.airlock");
    follow(&release, "update", Some(&first));
    world
        .ostree(&format!(
            "checkout --repo=update/look -U {} root",
            release.head("release")
        ))
        .ok();
    let version = std::fs::read_to_string(world.path("root/usr/etc/os-release")).unwrap();
    assert_eq!(version, "VERSION=2\n");
}

/// Runs the README's block; its last line is `ostree fsck` of what came out.
fn follow(release: &Release, dir: &str, from: Option<&str>) {
    let head = release.head("release");
    let mut script = block(0).replace("COMMIT", &head);
    if let Some(from) = from {
        script = script.replace("# ostree", "ostree").replace("FROM", from);
    }
    assert!(script.trim_end().ends_with("fsck"), "{script}");
    release.world.shell(&format!("cd {dir}\n{script}"));
    release
        .world
        .ostree(&format!("show --repo={dir}/look {head}"))
        .ok();
}

fn tar_form() {
    let release = Release::first("archive");
    let again =
        "mkdir again && tar -C again -xf full.airlock && mv full.airlock original && cd again\n";
    release
        .world
        .shell(&format!("{again}{}cmp full.airlock ../original", block(1)));
}
