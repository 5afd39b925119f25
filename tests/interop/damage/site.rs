//! A small repository that took two releases in, and copies of it that something happened to.

use std::fs;
use std::os::unix::fs::symlink;

use crate::world::World;

/// Whom the site trusts.
pub const TRUST: &str = "--trust=release.asc";

/// What damages may use: `$R` is the copy, `$C` and `$P` are the commits of the two releases; `o ID KIND`
/// is the path of an object, `f PATH [COMMIT]` that of a file's, `t PATH` of a directory's, `m PATH` of its
/// metadata's; `$D` is the directory of the delta, if there is one; `flip` changes a byte in the middle.
const PRELUDE: &str = r#"
    R=bad; C=$(cat good/refs/heads/os/stable); P=$(ostree --repo=good rev-parse $C^)
    X=$(test -e good/config && grep -q archive good/config && echo filez || echo file)
    Z=$(printf %064d 0); D=$(dirname $R/deltas/*/*/superblock)
    o() { echo $R/objects/${1:0:2}/${1:2}.$2; }
    sums() { ostree --repo=good ls -dC ${2:-$C} $1 | grep -o '[0-9a-f]\{64\}'; }
    f() { o $(sums $1 ${2:-} | sed -n 1p) $X; }
    t() { o $(sums $1 | sed -n 1p) dirtree; }
    m() { o $(sums $1 | sed -n 2p) dirmeta; }
    flip() { python3 -c 'import sys; f=open(sys.argv[1],"r+b"); b=bytearray(f.read()); b[len(b)//2]^=1; f.seek(0); f.write(b)' $1; }
"#;

/// Makes a tree that every mode can hold.
fn tree(world: &World, version: u8) {
    let root = world.path(&format!("tree-{version}"));
    fs::create_dir_all(root.join("usr/deep/er")).unwrap();
    let mut module: Vec<u8> = (0..60_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    for at in (0..module.len()).step_by(1000) {
        module[at] = version;
    }
    fs::write(root.join("usr/module"), module).unwrap();
    fs::write(root.join("usr/tool"), "the same in both\n".repeat(50)).unwrap();
    fs::write(root.join("usr/deep/er/file"), format!("of {version}\n")).unwrap();
    let only = if version == 1 { "usr/old" } else { "usr/new" };
    fs::write(root.join(only), format!("only in {version}\n")).unwrap();
    symlink(format!("usr/tool-{version}"), root.join("link")).unwrap();
}

/// Commits a version, promotes it and writes its bundle.
pub fn release(world: &World, version: u8, export: &str) {
    // Promotions within one second would have one timestamp.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    tree(world, version);
    let plain = "--canonical-permissions --no-xattrs";
    for command in [
        format!("commit --repo=dev -b os/dev --tree=dir=tree-{version} {plain}"),
        "promote --repo=release --from-repo=dev os/dev os/stable --key=release.key".to_owned(),
        format!("export --repo=release os/stable {export} --key=release.key"),
    ] {
        world.airlock(&command).ok();
    }
}

/// A repository `good` that took two releases in, from `full.airlock` and `update.airlock`.
pub fn site(mode: &str) -> World {
    let world = World::new();
    for command in [
        "key generate --user-id=release -o release",
        "key generate --user-id=other -o other",
        "init --repo=dev",
        "init --repo=release",
        &format!("init --repo=good --mode={mode}"),
    ] {
        world.airlock(command).ok();
    }
    release(&world, 1, "--full -o full.airlock");
    let import = format!("import --repo=good {TRUST}");
    world.airlock(&format!("{import} full.airlock")).ok();
    world.shell("cp good/summary first.summary; cp good/summary.sig first.summary.sig");
    release(&world, 2, "--from=os/stable^ -o update.airlock");
    world.airlock(&format!("{import} update.airlock")).ok();
    world.airlock(&format!("fsck --repo=good {TRUST}")).ok();
    world
}

/// Makes the copy `bad`, and damages it.
pub fn spoil(world: &World, damage: &str) {
    world.shell(&format!("rm -rf bad; cp -a good bad\n{PRELUDE}\n{damage}"));
}
