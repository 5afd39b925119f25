//! Attachments: what rides along is signed, verified with the rest, and taken out only after that.

use std::path::PathBuf;

use airlock::Class;
use airlock::bundle::{Form, MAX_ATTACHMENTS};
use airlock::format::RefName;
use airlock::workflow::export::{Base, ExportError, Exported};
use airlock::workflow::{Error, ExtractError, ExtractOptions, ExtractOutcome, Trust, extract};

use crate::bench::Key;
use crate::route::{Route, STABLE, V1};

/// A route with two files to send along.
fn route() -> (Route, Vec<PathBuf>) {
    let route = Route::new();
    route.release(STABLE, V1);
    let large: Vec<u8> = (0..(9_u32 << 20)).map(|n| (n * 7 % 253) as u8).collect();
    let files = [("tool-1.0", large.as_slice()), ("README", b"read me\n")];
    let paths = files.map(|(name, content)| {
        let path = route.out.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    });
    (route, paths.to_vec())
}

fn export(route: &Route, files: &[PathBuf], form: Form) -> Result<Exported, Error> {
    let refs: [RefName; 1] = [STABLE.parse().unwrap()];
    let target = route.out.path().join("bundle.airlock");
    let made = route.try_export(&refs, Base::Full, |options| {
        (options.attachments, options.form) = (files, form);
        options.output = &target;
    });
    made.map(Option::unwrap)
}

fn take_out(
    route: &Route,
    bundle: &[PathBuf],
    key: &Key,
    to: &str,
) -> Result<ExtractOutcome, Error> {
    let trust = Trust::of(key.keyring());
    extract(&ExtractOptions {
        bundle: bundle.to_vec(),
        signatures: Vec::new(),
        trust: &trust,
        directory: &route.out.path().join(to),
        now: route.clock.get(),
    })
}

#[test]
fn in_every_form_they_arrive_as_they_left() {
    let forms = [
        Form::Tar { split: None },
        Form::Tar {
            split: Some(5 << 20),
        },
        Form::Directory,
    ];
    for form in forms {
        let (route, files) = route();
        let bundle = export(&route, &files, form).unwrap();
        route.verify(&bundle.files);
        let outcome = take_out(&route, &bundle.files, &route.key, "new/place").unwrap();
        let names: Vec<_> = outcome.files.iter().map(|path| path.file_name()).collect();
        assert_eq!(names, [Some("README".as_ref()), Some("tool-1.0".as_ref())]);
        for path in &files {
            let taken = route
                .out
                .path()
                .join("new/place")
                .join(path.file_name().unwrap());
            assert!(std::fs::read(taken).unwrap() == std::fs::read(path).unwrap());
        }
        // They are no part of the repository.
        route.import(&bundle.files).unwrap();
        let there = crate::repo::listing(route.site.path());
        assert!(
            !there.iter().any(|name| name.contains("README")),
            "{there:?}"
        );
    }
}

#[test]
fn nothing_is_taken_out_unless_it_is_verified_and_new() {
    let (route, files) = route();
    let bundle = export(&route, &files, Form::Tar { split: None }).unwrap();
    let stranger = take_out(&route, &bundle.files, &Key::new("other"), "a").unwrap_err();
    assert_eq!(stranger.class(), Class::Untrusted);
    assert!(!route.out.path().join("a").exists());

    // What is there stays, and nothing beside it is written.
    let place = route.out.path().join("b");
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::symlink("nowhere", place.join("tool-1.0")).unwrap();
    let occupied = take_out(&route, &bundle.files, &route.key, "b").unwrap_err();
    assert!(
        matches!(occupied, Error::Extract(ExtractError::Occupied { .. })),
        "{occupied:?}"
    );
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1);

    // An altered byte in the last one: the first is not left behind.
    let mut bytes = std::fs::read(&bundle.files[0]).unwrap();
    let at = bytes.len() - 8192;
    bytes[at] ^= 1;
    std::fs::write(&bundle.files[0], &bytes).unwrap();
    let altered = take_out(&route, &bundle.files, &route.key, "c").unwrap_err();
    assert_eq!(altered.class(), Class::Corrupt);
    assert_eq!(
        std::fs::read_dir(route.out.path().join("c"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        route.import(&bundle.files).unwrap_err().class(),
        Class::Corrupt
    );
}

#[test]
fn what_cannot_ride_along_is_refused_before_anything_is_written() {
    let (route, files) = route();
    let at = |name: &str| route.out.path().join(name);
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("with blank"), "x").unwrap();
    std::fs::create_dir(at("other")).unwrap();
    std::fs::write(at("other/readme"), "x").unwrap();
    let many: Vec<_> = (0..=MAX_ATTACHMENTS)
        .map(|n| {
            std::fs::write(at(&format!("other/{n}")), "x").unwrap();
            at(&format!("other/{n}"))
        })
        .collect();
    let readme = files[1].clone();
    for wrong in [
        vec![at("empty")],
        vec![at("with blank")],
        vec![at("nowhere")],
        vec![at("other")],
        vec![readme.clone(), at("other/readme")],
        vec![readme.clone(), readme.clone()],
        vec![at("..")],
        many,
    ] {
        let error = export(&route, &wrong, Form::Directory).unwrap_err();
        assert!(
            matches!(&error, Error::Export(ExportError::Attachment { .. })),
            "{wrong:?}: {error:?}"
        );
        assert!(!at("bundle.airlock").exists());
    }
    let without = export(&route, &[], Form::Directory).unwrap();
    let nothing = take_out(&route, &without.files, &route.key, "d").unwrap_err();
    assert!(
        matches!(nothing, Error::Extract(ExtractError::NothingAttached)),
        "{nothing:?}"
    );
}
