//! Ed25519 signatures on their way: made at the twin, carried by a bundle, expected at the site.

use airlock::ed25519::read_secret_keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::trial;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    vec![trial(
        "sign api: ed25519 crosses beside gpg, and stock clients are not disturbed",
        &[Tool::Ostree, Tool::Gpg],
        crosses,
    )]
}

fn crosses() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    let pair = ed25519_dalek::SigningKey::from_bytes(&[5; 32]).to_keypair_bytes();
    let line = STANDARD.encode(pair);
    let public = read_secret_keys(line.as_bytes()).unwrap()[0].public();
    std::fs::write(world.path("client.sec"), format!("{line}\n")).unwrap();
    world
        .airlock("key generate --user-id Release -o release")
        .ok();
    world.shell("mkdir trust; cp release.asc trust/");
    std::fs::write(world.path("trust/client.ed25519"), format!("{public}\n")).unwrap();

    world.airlock("init --repo twin").ok();
    world.airlock("init --repo site").ok();
    world.airlock("init --repo dev").ok();
    world
        .airlock("commit --repo dev --branch os/dev --tree dir=image")
        .ok();
    let keys = "--key release.key --ed25519-key client.sec";
    world
        .airlock(&format!(
            "promote --repo twin --from-repo dev os/dev os/stable {keys}"
        ))
        .ok();
    world
        .airlock(&format!(
            "export --repo twin os/stable --full -o b.airlock {keys}"
        ))
        .ok();
    world
        .airlock("import b.airlock --repo site --trust trust")
        .ok();
    for repo in ["twin", "site"] {
        let said = world.airlock(&format!("fsck --repo {repo} --trust trust"));
        assert_eq!(said.code(), Some(0), "{said}");
        let shown = world
            .airlock(&format!("show --repo {repo} os/stable --trust trust"))
            .ok();
        let line = format!("Good ed25519 signature by {public}");
        assert!(shown.contains(&line), "{shown}");
    }
    // Who verifies by gpg sees the same repository as before.
    world.shell(
        "ostree init --repo=client --mode=bare-user
         ostree remote add --repo=client --set=gpg-verify=true --set=gpg-verify-summary=true \\
             site file://$PWD/site os/stable
         ostree remote gpg-import --repo=client -k release.asc site
         ostree pull --repo=client site os/stable",
    );
    // A site whose clients have another key is told that they would refuse what came.
    let other = ed25519_dalek::SigningKey::from_bytes(&[6; 32]);
    let other = STANDARD.encode(other.verifying_key().as_bytes());
    std::fs::write(world.path("trust/client.ed25519"), other).unwrap();
    let said = world.airlock("fsck --repo site --trust trust");
    assert_eq!(said.code(), Some(4), "{said}");
    assert!(said.fails().contains("sign-verify refuses"));
}
