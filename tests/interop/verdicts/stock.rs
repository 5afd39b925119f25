//! What the stock tools say of a list of signatures.

use std::fs;

use airlock::format::{Checksum, Codec, Commit, Metadata};

use crate::world::World;

/// Puts a commit into the repository `remote`, which may lack all it names; returns its file.
pub fn publish(world: &World, commit: &[u8]) {
    if !world.path("remote").exists() {
        world.ostree("init --repo=remote --mode=archive").ok();
    }
    let name = Checksum::of(commit).to_string();
    let directory = world.path(&format!("remote/objects/{}", &name[..2]));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(format!("{}.commit", &name[2..])), commit).unwrap();
    let head = world.path(&format!("remote/refs/heads/{}", bound_to(commit)));
    fs::create_dir_all(head.parent().unwrap()).unwrap();
    fs::write(head, format!("{name}\n")).unwrap();
}

/// Returns the ref that a commit is bound to: under any other, it would be refused for that.
fn bound_to(commit: &[u8]) -> String {
    let decoded = Commit::decode(commit).unwrap();
    let names = decoded.ref_binding().unwrap();
    names.first().unwrap().to_string()
}

/// Tells whether `ostree pull` takes the commit with these signatures, by the certificates in `keyring`.
pub fn ostree_takes(world: &World, commit: &[u8], list: &[Vec<u8>], keyring: &str) -> bool {
    let name = Checksum::of(commit).to_string();
    let mut metadata = Metadata::new();
    metadata.set_signatures(Metadata::GPGSIGS, list);
    let file = format!("remote/objects/{}/{}.commitmeta", &name[..2], &name[2..]);
    fs::write(world.path(&file), metadata.encode()).unwrap();
    fresh_client(world);
    fs::copy(world.path(keyring), world.path("client/r.trustedkeys.gpg")).unwrap();
    let pulled = world.ostree(&format!(
        "pull --repo=client --commit-metadata-only r {}",
        bound_to(commit)
    ));
    pulled.code() == Some(0)
}

/// Makes a client that has nothing yet; one that is here is emptied, which is faster.
fn fresh_client(world: &World) {
    let directory = |name: &str| world.path(&format!("client/{name}"));
    if directory("").exists() {
        for name in ["objects", "refs/remotes", "state", "tmp"] {
            fs::remove_dir_all(directory(name)).unwrap();
            fs::create_dir(directory(name)).unwrap();
        }
        return;
    }
    world.ostree("init --repo=client --mode=archive").ok();
    let config = fs::read_to_string(directory("config")).unwrap();
    let url = format!("url=file://{}", world.path("remote").display());
    let remote = format!("[remote \"r\"]\n{url}\ngpg-verify=true\n");
    let config = config.replace("[core]\n", "[core]\nfsync=false\n") + "\n" + &remote;
    fs::write(directory("config"), config).unwrap();
}

/// Returns what `gpg --verify` says, in its own words.
pub fn gpg_says(world: &World, list: &[Vec<u8>], keyring: &str) -> String {
    fs::write(world.path("joined.sig"), list.concat()).unwrap();
    let ran = world.run(
        "gpg",
        &format!(
            "--batch --no-tty --no-default-keyring --keyring ./{keyring} --trust-model always \
             --no-auto-check-trustdb --status-fd 1 --verify joined.sig data"
        ),
    );
    const WORDS: [&str; 7] = [
        "GOODSIG",
        "BADSIG",
        "ERRSIG",
        "EXPSIG",
        "EXPKEYSIG",
        "REVKEYSIG",
        "NODATA",
    ];
    let status = ran.stdout();
    let mut words: Vec<&str> = status
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] ")?.split(' ').next())
        .filter(|word| WORDS.contains(word))
        .collect();
    words.dedup();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        words => words.join(", "),
    }
}
