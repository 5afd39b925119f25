//! What the writer writes, the reader reads: in every form, and what GNU tar makes of it.

use std::process::Command;

use airlock::bundle::Form;

use crate::bundle_read::read;
use crate::write::{archive_repo, publish};

#[test]
fn every_form_reads_the_same() {
    let (directory, repo) = archive_repo();
    let write = |name: &str, form| publish(&repo, &directory.path().join(name), form);
    let expected = read(&write("whole.airlock", Form::Tar { split: None })).unwrap();
    assert_eq!(expected[0], "summary 7 9");
    assert!(expected.len() > 20, "{expected:?}");

    let tree = write("tree.airlock", Form::Directory);
    assert_eq!(tree.len(), 1);
    assert_eq!(read(&tree).unwrap(), expected);

    for split in [24 << 10, 40_000] {
        let mut volumes = write(
            &format!("cut-{split}.airlock"),
            Form::Tar { split: Some(split) },
        );
        assert!(volumes.len() > 1, "{volumes:?}");
        volumes.reverse();
        assert_eq!(read(&volumes).unwrap(), expected);
        volumes[0].set_extension("");
        assert_eq!(read(&volumes[..1]).unwrap(), expected);
    }
}

#[test]
fn gnu_tar_turns_one_form_into_the_other() {
    let (directory, repo) = archive_repo();
    let whole = publish(
        &repo,
        &directory.path().join("whole.airlock"),
        Form::Tar { split: None },
    );
    let expected = read(&whole).unwrap();
    let tree = directory.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let tar = |arguments: &[&str]| {
        let status = Command::new("tar")
            .current_dir(&tree)
            .args(arguments)
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    };
    tar(&["-xf", "../whole.airlock"]);
    assert_eq!(read(std::slice::from_ref(&tree)).unwrap(), expected);

    let listed = Command::new("tar")
        .arg("-tf")
        .arg(&whole[0])
        .output()
        .unwrap()
        .stdout;
    std::fs::write(directory.path().join("names"), listed).unwrap();
    tar(&[
        "-cf",
        "../again.airlock",
        "--format=ustar",
        "-b1",
        "-T",
        "../names",
    ]);
    assert_eq!(
        read(&[directory.path().join("again.airlock")]).unwrap(),
        expected
    );
}
