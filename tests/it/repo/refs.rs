//! Refs: read as libostree reads them, written so that it can.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown, symlink};

use airlock::Class;
use airlock::format::{Checksum, RefName};
use airlock::repo::{Mode, RefPlace, Repo};

use super::{listing, scratch};

fn name(text: &str) -> RefName {
    text.parse().expect("a ref name")
}

fn write(repo: &Repo, ref_name: &str, commit: &Checksum) {
    repo.write_ref(&RefPlace::Heads, &name(ref_name), Some(commit))
        .expect("a ref");
}

#[test]
fn refs_are_small_files() {
    let (_dir, repo) = scratch(Mode::Archive);
    let (one, two) = (Checksum::of(b"1"), Checksum::of(b"2"));
    write(&repo, "os/x86_64/main", &one);
    write(&repo, "os/x86_64/main", &two);
    write(&repo, "été", &one);
    let file = repo.path().join("refs/heads/os/x86_64/main");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{two}\n"));
    let refs = repo.refs().unwrap();
    let found: Vec<_> = refs
        .iter()
        .map(|(name, entry)| (name.to_string(), entry.commit))
        .collect();
    assert_eq!(
        found,
        [("os/x86_64/main".to_owned(), two), ("été".to_owned(), one)]
    );
    assert_eq!(repo.ref_commit(&name("absent/ref")).unwrap(), None);
    assert_eq!(
        repo.ref_commit(&name("os")).unwrap(),
        None,
        "a directory is no ref"
    );
    assert_eq!(
        repo.ref_commit(&name("os/x86_64/main/deeper")).unwrap(),
        None
    );
    repo.write_ref(&RefPlace::Heads, &name("os/x86_64/main"), None)
        .unwrap();
    repo.write_ref(&RefPlace::Heads, &name("never/was"), None)
        .unwrap();
    assert_eq!(repo.refs().unwrap().len(), 1);
}

#[test]
fn names_in_the_way_are_named() {
    let (_dir, repo) = scratch(Mode::Archive);
    let commit = Checksum::of(b"1");
    write(&repo, "a/b", &commit);
    let refused = |ref_name: &str| {
        repo.write_ref(&RefPlace::Heads, &name(ref_name), Some(&commit))
            .unwrap_err()
            .class()
    };
    assert_eq!(refused("a"), Class::Usage);
    assert_eq!(refused("a/b/c"), Class::Usage);
    // An empty directory gives way.
    repo.write_ref(&RefPlace::Heads, &name("a/b"), None)
        .unwrap();
    write(&repo, "a", &commit);
}

#[test]
fn aliases_are_relative_links() {
    let (_dir, repo) = scratch(Mode::Archive);
    let commit = Checksum::of(b"1");
    write(&repo, "os/x86_64/main", &commit);
    repo.write_alias(&name("stable"), &name("os/x86_64/main"))
        .unwrap();
    repo.write_alias(&name("by/way/of"), &name("stable"))
        .unwrap();
    let heads = repo.path().join("refs/heads");
    assert_eq!(
        fs::read_link(heads.join("stable")).unwrap().to_str(),
        Some("os/x86_64/main")
    );
    assert_eq!(
        fs::read_link(heads.join("by/way/of")).unwrap().to_str(),
        Some("../../stable")
    );
    let refs = repo.refs().unwrap();
    assert_eq!(refs[&name("stable")].alias_of, Some(name("os/x86_64/main")));
    assert_eq!(refs[&name("by/way/of")].alias_of, Some(name("stable")));
    assert_eq!(refs[&name("os/x86_64/main")].alias_of, None);
    assert!(refs.values().all(|entry| entry.commit == commit));
}

#[test]
fn links_that_lead_astray_are_faults() {
    for target in [
        "absent",
        "/etc/passwd",
        "../../../../etc/passwd",
        "../../config",
        "loop",
        "self",
    ] {
        let (_dir, repo) = scratch(Mode::Archive);
        symlink("loop", repo.path().join("refs/heads/self")).unwrap();
        symlink("self", repo.path().join("refs/heads/loop")).unwrap();
        symlink(target, repo.path().join("refs/heads/alias")).unwrap();
        assert_eq!(
            repo.ref_commit(&name("alias")).unwrap_err().class(),
            Class::Corrupt,
            "{target}"
        );
    }
}

#[test]
fn content_that_is_no_checksum_is_a_fault() {
    let (_dir, repo) = scratch(Mode::Archive);
    for text in ["", "short\n", &"g".repeat(64), &"0".repeat(1000)] {
        fs::write(repo.path().join("refs/heads/bad"), text).unwrap();
        assert!(repo.refs().is_err(), "{text:?}");
    }
    fs::write(
        repo.path().join("refs/heads/bad"),
        format!("{}  \n\n", "0".repeat(64)),
    )
    .unwrap();
    fs::write(repo.path().join("refs/heads/.hidden"), "passed over").unwrap();
    fs::write(repo.path().join("refs/heads/a+b"), "passed over").unwrap();
    assert_eq!(repo.refs().unwrap().len(), 1);
}

#[test]
fn revisions_resolve_in_libostrees_order() {
    let (_dir, repo) = scratch(Mode::Archive);
    let (local, remote, mirror) = (Checksum::of(b"1"), Checksum::of(b"2"), Checksum::of(b"3"));
    write(&repo, "main", &local);
    let origin = RefPlace::Remote("origin".parse().unwrap());
    repo.write_ref(&origin, &name("main"), Some(&remote))
        .unwrap();
    repo.write_ref(&origin, &name("only/there"), Some(&remote))
        .unwrap();
    let place = RefPlace::Mirror("org.example.Os".parse().unwrap());
    repo.write_ref(&place, &name("main"), Some(&mirror))
        .unwrap();

    let table = [
        (local.to_string(), local),
        ("main".to_owned(), local),
        ("origin:main".to_owned(), remote),
        ("origin/main".to_owned(), remote),
        ("only/there".to_owned(), remote),
    ];
    for (rev, commit) in table {
        assert_eq!(repo.resolve(&rev).unwrap(), commit, "{rev}");
    }
    for (rev, class) in [
        ("absent", Class::NotFound),
        ("other:main", Class::NotFound),
        ("a b", Class::Usage),
        ("", Class::Usage),
        ("^", Class::Usage),
        ("main^", Class::NotFound),
    ] {
        assert_eq!(repo.resolve(rev).unwrap_err().class(), class, "{rev}");
    }
    assert_eq!(repo.remote_refs().unwrap().len(), 2);
    assert_eq!(repo.collection_refs().unwrap().len(), 1);
}

/// Only root can give files away; anyone else's files are their own anyway.
#[test]
fn what_root_adds_belongs_to_the_repositorys_owner() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    const OWNER: u32 = 12_345;
    let (_dir, repo) = scratch(Mode::Archive);
    let everything = || {
        let beneath = listing(repo.path());
        beneath.into_iter().map(|name| repo.path().join(name))
    };
    for path in everything().chain([repo.path().to_owned()]) {
        lchown(path, Some(OWNER), Some(OWNER)).unwrap();
    }
    write(&repo, "os/main", &Checksum::of(b"1"));
    repo.write_alias(&name("deep/alias"), &name("os/main"))
        .unwrap();
    repo.write_config(repo.config().file()).unwrap();
    repo.write_extension("state", b"", 0o640).unwrap();
    drop((repo.lock_airlock().unwrap(), repo.lock_shared().unwrap()));
    for path in everything() {
        let stat = fs::symlink_metadata(&path).unwrap();
        assert_eq!(
            (stat.uid(), stat.gid()),
            (OWNER, OWNER),
            "{}",
            path.display()
        );
    }
}
