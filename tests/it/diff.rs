//! diff: every path that differs, once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use airlock::Class;
use airlock::repo::Mode;
use airlock::workflow::{Change, Thing, diff};

use crate::commit::{dir, options, run};
use crate::repo::scratch;

fn build(root: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

#[test]
fn every_path_that_differs() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let same = [("same/file", "same"), ("same/deep/file", "same")];
    build(old.path(), &same);
    build(new.path(), &same);
    build(
        old.path(),
        &[
            ("changed", "old"),
            ("gone/a", "a"),
            ("became-file/x", "x"),
            ("became-link", "l"),
        ],
    );
    build(
        new.path(),
        &[
            ("changed", "newer"),
            ("added/b", "b"),
            ("became-file", "file"),
            ("same/more", "m"),
        ],
    );
    symlink("elsewhere", new.path().join("became-link")).unwrap();
    let closed = fs::Permissions::from_mode(0o700);
    fs::set_permissions(new.path().join("same/deep"), closed).unwrap();
    let (_dir, repo) = scratch(Mode::Archive);
    let first = run(&repo, &options(dir(old.path()))).unwrap().commit;
    let second = run(&repo, &options(dir(new.path()))).unwrap().commit;

    let outcome = diff(&repo, &first.to_string(), "test/x86_64/main").unwrap();
    assert_eq!((outcome.from, outcome.to), (first, second));
    let (added, removed, modified) = (Change::Added, Change::Removed, Change::Modified);
    let file = |size| Some(Thing::File { size });
    let (link, directory) = (Some(Thing::Link), Some(Thing::Directory));
    let expected = [
        ("/added", added, None, directory),
        ("/added/b", added, None, file(1)),
        ("/became-file", modified, directory, file(4)),
        ("/became-file/x", removed, file(1), None),
        ("/became-link", modified, file(1), link),
        ("/changed", modified, file(3), file(5)),
        ("/gone", removed, directory, None),
        ("/gone/a", removed, file(1), None),
        ("/same/deep", modified, directory, directory),
        ("/same/more", added, None, file(1)),
    ];
    let found = outcome.paths.iter();
    let found: Vec<_> = found
        .map(|path| (path.path.as_str(), path.change, path.before, path.after))
        .collect();
    assert_eq!(found, expected);

    let same = diff(&repo, "test/x86_64/main", &second.to_string()).unwrap();
    assert_eq!(same.paths, []);
    let absent = diff(&repo, "os/none", "test/x86_64/main").unwrap_err();
    assert_eq!(absent.class(), Class::NotFound);
}
