//! A new repository is what `ostree init` makes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use airlock::Class;
use airlock::repo::{InitOptions, Mode, Repo};
use tempfile::TempDir;

use super::{listing, scratch};

const SKELETON: [&str; 10] = [
    "config",
    "extensions/",
    "objects/",
    "refs/",
    "refs/heads/",
    "refs/mirrors/",
    "refs/remotes/",
    "state/",
    "tmp/",
    "tmp/cache/",
];

#[test]
fn the_configuration_is_byte_identical_in_every_mode() {
    let table = [
        (
            Mode::Archive,
            None,
            "[core]\nrepo_version=1\nmode=archive-z2\n",
        ),
        (Mode::Bare, None, "[core]\nrepo_version=1\nmode=bare\n"),
        (
            Mode::BareUserOnly,
            None,
            "[core]\nrepo_version=1\nmode=bare-user-only\n",
        ),
        (
            Mode::BareUser,
            Some("org.example.Os"),
            "[core]\nrepo_version=1\nmode=bare-user\ncollection-id=org.example.Os\n",
        ),
    ];
    for (mode, collection, config) in table {
        let dir = TempDir::new().unwrap();
        let collection_id = collection.map(|id| id.parse().unwrap());
        let repo = Repo::init(
            dir.path().join("r"),
            &InitOptions {
                mode,
                collection_id,
            },
        )
        .unwrap();
        assert_eq!(repo.mode(), mode);
        assert_eq!(
            repo.collection_id().map(ToString::to_string).as_deref(),
            collection
        );
        assert_eq!(listing(repo.path()), SKELETON);
        let file = repo.path().join("config");
        assert_eq!(fs::read_to_string(&file).unwrap(), config);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
            0o644
        );
    }
}

#[test]
fn an_existing_repository_is_left_alone() {
    let (dir, repo) = scratch(Mode::Archive);
    fs::write(
        repo.path().join("refs/heads/x"),
        format!("{}\n", "0".repeat(64)),
    )
    .unwrap();
    let again = |mode| {
        Repo::init(
            dir.path().join("repo"),
            &InitOptions {
                mode,
                collection_id: None,
            },
        )
    };
    assert_eq!(again(Mode::Archive).unwrap().refs().unwrap().len(), 1);
    assert_eq!(again(Mode::Bare).unwrap_err().class(), Class::Usage);
}

#[test]
fn what_is_no_repository_is_not_opened() {
    let dir = TempDir::new().unwrap();
    assert_eq!(Repo::open(dir.path()).unwrap_err().class(), Class::NotFound);
    assert_eq!(
        Repo::open(dir.path().join("absent")).unwrap_err().class(),
        Class::NotFound
    );
    let table = [
        ("", Class::Usage),
        ("[core]\nmode=archive\n", Class::Usage),
        ("[core]\nrepo_version=1\nfsync=maybe\n", Class::Usage),
        ("[core]\nrepo_version=2\n", Class::Unsupported),
        ("[core]\nrepo_version=1\nmode=floppy\n", Class::Unsupported),
        (
            "[core]\nrepo_version=1\nparent=/elsewhere\n",
            Class::Unsupported,
        ),
    ];
    fs::create_dir(dir.path().join("objects")).unwrap();
    assert_eq!(Repo::open(dir.path()).unwrap_err().class(), Class::NotFound);
    for (config, class) in table {
        fs::write(dir.path().join("config"), config).unwrap();
        assert_eq!(
            Repo::open(dir.path()).unwrap_err().class(),
            class,
            "{config}"
        );
    }
}

#[test]
fn rewriting_the_configuration_keeps_what_it_does_not_know() {
    let (_dir, repo) = scratch(Mode::Archive);
    let path = repo.path().join("config");
    let text =
        "# mine\n[core]\nrepo_version=1\nmode=archive\n\n[remote \"o\"]\nurl=x\nx-odd = 1;2\n";
    fs::write(&path, text).unwrap();
    let repo = Repo::open(repo.path()).unwrap();
    let mut file = repo.config().file().clone();
    file.set_bool("core", "indexed-deltas", true);
    repo.write_config(&file).unwrap();
    let expected = text.replace("mode=archive\n", "mode=archive\nindexed-deltas=true\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert!(Repo::open(repo.path()).unwrap().config().indexed_deltas());
    assert_eq!(
        fs::read_dir(repo.path().join("tmp")).unwrap().count(),
        1,
        "only tmp/cache"
    );
}

#[test]
fn airlocks_own_files_are_written_whole() {
    let (_dir, repo) = scratch(Mode::BareUser);
    assert_eq!(repo.read_extension("state").unwrap(), None);
    repo.write_extension("state", b"one", 0o640).unwrap();
    repo.write_extension("state", b"two", 0o640).unwrap();
    assert_eq!(
        repo.read_extension("state").unwrap().as_deref(),
        Some(&b"two"[..])
    );
    let file = repo.path().join("extensions/airlock/state");
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    repo.remove_extension("state").unwrap();
    repo.remove_extension("state").unwrap();
    assert_eq!(repo.read_extension("state").unwrap(), None);
}

#[test]
fn a_repository_has_one_id() {
    let (_dir, repo) = scratch(Mode::Archive);
    assert_eq!(repo.id().unwrap(), None);
    let id = repo.ensure_id().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(repo.ensure_id().unwrap(), id);
    fs::write(repo.path().join("extensions/airlock/id"), "nonsense\n").unwrap();
    assert_eq!(repo.ensure_id().unwrap_err().class(), Class::Corrupt);
}
