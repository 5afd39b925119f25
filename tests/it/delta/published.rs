//! Deltas of a repository: made, made again, deleted; what index, summary and journal say of them;
//! and that a cut leaves none half there.

use std::fs;
use std::path::PathBuf;

use airlock::delta::CostModel;
use airlock::format::delta::{DeltaName, Superblock};
use airlock::format::limits::MAX_METADATA;
use airlock::format::{Checksum, Codec, Metadata, Summary, decode_delta_index};
use airlock::repo::{Mode, Repo};
use airlock::workflow::delta::{
    DeltaLimits, Existing, GenerateOptions, Generated, Place, StaticDeltaError, SummaryChange,
    apply, delete, generate, look,
};
use airlock::workflow::seal::{Signing, Unsigned};
use airlock::workflow::{Error, journal, summary};
use airlock::{Class, Event, Observer, Silent};
use serde_json::json;

use crate::bench::{Bench, Key, NOW};

const REF: &str = "os/stable";

/// A repository with two releases of one file that changed a little, and of one that is new.
struct Releases {
    bench: Bench,
    name: DeltaName,
}

impl Releases {
    fn new() -> Releases {
        let bench = Bench::new(Mode::Archive);
        let lines = |changed: u64| -> String {
            let line = |n: u64| (n + changed * u64::from(n == 900)).wrapping_mul(0x9e37_79b9);
            (0..2000).map(|n| format!("{:x}\n", line(n))).collect()
        };
        let from = bench.commit(REF, &[("file", &lines(0))], |_| ());
        let files = [("file", lines(7)), ("new", "new".repeat(100))];
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        let to = bench.commit(REF, &files, |commit| commit.timestamp += 60);
        let name = DeltaName {
            from: Some(from),
            to,
        };
        Releases { bench, name }
    }

    fn repo(&self) -> &Repo {
        &self.bench.repo
    }

    fn options(&self, now: u64) -> GenerateOptions<'static> {
        GenerateOptions {
            from: self.name.from,
            to: self.name.to,
            place: Place::Repository,
            existing: Existing::Replaced,
            inline: false,
            costs: CostModel::default(),
            limits: DeltaLimits::default(),
            signing: Signing::default(),
            now,
        }
    }

    fn generate(&self, options: &GenerateOptions<'_>) -> Generated {
        generate(self.repo(), options, &Silent).unwrap()
    }

    /// The digest of the superblock, if the delta is there.
    fn digest(&self) -> Option<Checksum> {
        let superblock = self.repo().delta_superblock(&self.name).unwrap();
        superblock.map(|bytes| Checksum::of(&bytes))
    }

    /// What the index of the target lists.
    fn indexed(&self) -> Vec<(DeltaName, Checksum)> {
        let path = DeltaName::index_path(&self.name.to);
        match fs::read(self.repo().path().join(path)) {
            Ok(bytes) => decode_delta_index(&bytes).unwrap(),
            Err(_) => Vec::new(),
        }
    }

    /// What the summary lists.
    fn listed(&self) -> Vec<(DeltaName, Checksum)> {
        let bytes = self.repo().summary().unwrap().expect("a summary");
        Summary::decode(&bytes).unwrap().static_deltas().unwrap()
    }

    fn summarise(&self, signing: Signing<'_>) {
        summary::regenerate(self.repo(), signing, Unsigned::Refused, NOW, &Silent).unwrap();
    }

    fn stages(&self) -> PathBuf {
        self.repo().path().join("extensions/airlock/deltas")
    }
}

#[test]
fn index_summary_and_journal_follow() {
    let releases = Releases::new();
    releases.summarise(Signing::default());
    let made = releases.generate(&releases.options(NOW));
    assert_eq!((made.patched, made.fallbacks), (1, 0));
    assert_eq!(made.summary, SummaryChange::Renewed);
    let first = releases.digest().expect("a delta");
    assert_eq!(releases.indexed(), [(releases.name, first)]);
    assert_eq!(releases.listed(), [(releases.name, first)]);

    let kept = GenerateOptions {
        existing: Existing::Kept,
        ..releases.options(NOW + 5)
    };
    assert!(!releases.generate(&kept).changed);
    assert_eq!(releases.digest(), Some(first));

    releases.generate(&releases.options(NOW + 10));
    let second = releases.digest().expect("a delta");
    assert_ne!(first, second, "it says when it was made");
    assert_eq!(releases.indexed(), [(releases.name, second)]);
    assert_eq!(releases.listed(), [(releases.name, second)]);

    let signing = Signing::default();
    delete(releases.repo(), &releases.name, signing, NOW + 20, &Silent).unwrap();
    assert_eq!(releases.digest(), None);
    assert_eq!((releases.indexed(), releases.listed()), (vec![], vec![]));
    let verbs = journal::read(releases.repo()).unwrap().into_iter();
    let verbs: Vec<_> = verbs.map(|record| record.entry.verb).collect();
    use journal::Verb::{Delta, Summary};
    assert_eq!(verbs, [Summary, Delta, Delta, Delta]);
    let refused = delete(releases.repo(), &releases.name, signing, NOW + 20, &Silent);
    assert!(matches!(
        refused,
        Err(Error::StaticDelta(StaticDeltaError::Missing(_)))
    ));
}

#[test]
fn a_signed_summary_is_signed_again_or_stays() {
    let releases = Releases::new();
    let key = Key::new("summary");
    releases.summarise(key.signing());
    let before = releases.repo().summary().unwrap();
    let made = releases.generate(&releases.options(NOW + 10));
    assert_eq!(made.summary, SummaryChange::Signed);
    assert_eq!(releases.repo().summary().unwrap(), before);
    assert_eq!(releases.indexed().len(), 1, "clients find it all the same");

    let signed = GenerateOptions {
        signing: key.signing(),
        ..releases.options(NOW + 20)
    };
    assert_eq!(releases.generate(&signed).summary, SummaryChange::Renewed);
    let digest = releases.digest().expect("a delta");
    assert_eq!(releases.listed(), [(releases.name, digest)]);
    let summary = releases.repo().summary().unwrap().unwrap();
    let beside = releases.repo().summary_signature().unwrap().unwrap();
    let signatures = Metadata::decode(&beside).unwrap();
    let signatures = signatures.signatures(Metadata::GPGSIGS).unwrap();
    let verified = key.keyring().verify(&summary, &signatures, NOW + 30);
    assert_eq!(verified.good.len(), 1);
}

#[test]
fn limits_say_what_is_patched_and_what_is_left_out() {
    let releases = Releases::new();
    let limited = |largest_patched, largest_whole| GenerateOptions {
        limits: DeltaLimits {
            largest_patched,
            largest_whole,
        },
        ..releases.options(NOW)
    };
    for (patched, whole, expected) in [
        (None, None, (1, 0)),
        (Some(0), None, (0, 0)),
        (Some(0), Some(1000), (0, 1)),
        (None, Some(100), (1, 1)),
        (Some(0), Some(100), (0, 2)),
    ] {
        let made = releases.generate(&limited(patched, whole));
        let counts = (made.patched, made.fallbacks);
        assert_eq!(counts, expected, "{patched:?} {whole:?}");
    }
    // Who applies it from a file has nobody to fetch the rest from.
    let site = Bench::new(Mode::Archive);
    let path = releases.repo().path().join(releases.name.directory());
    let refused = apply(&site.repo, &path, &Silent).unwrap_err();
    assert!(
        matches!(refused, Error::StaticDelta(StaticDeltaError::Base(_))),
        "{refused}"
    );
    let here = apply(releases.repo(), &path, &Silent).unwrap();
    assert!(!here.changed);
    let file = limited(None, Some(100));
    let out = releases.bench.dir.path().join("out");
    let file = GenerateOptions {
        place: Place::File(&out),
        ..file
    };
    let refused = generate(releases.repo(), &file, &Silent).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::StaticDelta(StaticDeltaError::TooLarge { count: 1 })
        ),
        "{refused}"
    );
    assert!(!out.exists());
}

#[test]
fn a_file_has_what_clients_would_fetch_loose() {
    let mut releases = Releases::new();
    // More than stock puts into a part.
    let large = "x".repeat(33_000_000);
    let files = [("large", large.as_str())];
    releases.name.to = releases
        .bench
        .commit(REF, &files, |commit| commit.timestamp += 120);
    let published = releases.generate(&releases.options(NOW));
    assert_eq!(published.fallbacks, 1);
    let out = releases.bench.dir.path().join("out");
    let inline = GenerateOptions {
        place: Place::File(&out),
        inline: true,
        ..releases.options(NOW)
    };
    assert_eq!(releases.generate(&inline).fallbacks, 0);
    let superblock = Superblock::decode(&fs::read(&out).unwrap()).unwrap();
    assert!(superblock.fallbacks.is_empty());
}

#[test]
fn parts_inside_a_file_are_used_where_they_are() {
    let releases = Releases::new();
    let out = releases.bench.dir.path().join("out");
    let inline = GenerateOptions {
        place: Place::File(&out),
        inline: true,
        ..releases.options(NOW)
    };
    let made = releases.generate(&inline);
    let good = fs::read(&out).unwrap();
    assert_eq!(made.size, good.len() as u64);
    let looked = look(&out).unwrap();
    assert!(looked.parts.iter().all(|part| part.inline) && !looked.parts.is_empty());
    assert_eq!(
        apply(releases.repo(), &out, &Silent).unwrap().commit,
        releases.name.to
    );

    let superblock = Superblock::decode(&good).unwrap();
    let part = superblock.inline_part(0).unwrap();
    let start = good
        .windows(part.len())
        .position(|bytes| bytes == part)
        .unwrap();
    let mut altered = good.clone();
    altered[start + part.len() / 2] ^= 1;
    for (bad, reason) in [
        (&altered[..], "digest"),
        (&good[..good.len() - 9], "normal form"),
    ] {
        fs::write(&out, bad).unwrap();
        let refused = apply(releases.repo(), &out, &Silent).unwrap_err();
        assert_eq!(refused.class(), Class::Corrupt, "{refused}");
        let mut reasons: Vec<String> = vec![refused.to_string()];
        let mut source = std::error::Error::source(&refused);
        while let Some(error) = source {
            reasons.push(error.to_string());
            source = error.source();
        }
        assert!(
            reasons.iter().any(|text| text.contains(reason)),
            "{reasons:?}"
        );
    }
}

#[test]
fn what_nobody_can_read_can_be_deleted() {
    let releases = Releases::new();
    releases.generate(&releases.options(NOW));
    let path = releases.repo().path().join(releases.name.superblock_path());
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(MAX_METADATA + 1).unwrap();
    assert!(releases.repo().delta_superblock(&releases.name).is_err());
    delete(
        releases.repo(),
        &releases.name,
        Signing::default(),
        NOW,
        &Silent,
    )
    .unwrap();
    assert!(!path.exists());
    assert_eq!(releases.indexed(), []);
}

#[test]
fn where_nothing_can_be_written_no_work_is_begun() {
    struct Idle;
    impl Observer for Idle {
        fn event(&self, event: Event) {
            panic!("{event:?}");
        }
    }
    let releases = Releases::new();
    let absent = releases.bench.dir.path().join("absent/superblock");
    let options = GenerateOptions {
        place: Place::File(&absent),
        ..releases.options(NOW)
    };
    let refused = generate(releases.repo(), &options, &Idle).unwrap_err();
    assert!(matches!(refused, Error::Sidecar(_)), "{refused}");
}

#[test]
fn what_a_killed_run_left_goes() {
    let releases = Releases::new();
    let stray = releases.stages().join("stray");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join("0"), "half a part").unwrap();
    releases.generate(&releases.options(NOW));
    assert!(!stray.exists());
    assert_eq!(fs::read_dir(releases.stages()).unwrap().count(), 0);
}

#[test]
fn a_cut_replacement_is_finished_from_every_step() {
    type Step = fn(&Releases);
    // What was done before the cut; each step on top of those before it.
    let steps: [(&str, Step); 5] = [
        ("nothing", |_| ()),
        ("superblock", |releases| {
            let path = releases.name.superblock_path();
            fs::remove_file(releases.repo().path().join(path)).unwrap();
        }),
        ("parts", |releases| {
            releases.repo().remove_delta(&releases.name).unwrap();
        }),
        ("index", |releases| {
            releases.repo().reindex_deltas().unwrap();
        }),
        ("new", |releases| {
            let staged = releases.stages().join(releases.name.to_string());
            let place = releases.repo().path().join(releases.name.directory());
            fs::rename(staged, place).unwrap();
        }),
    ];
    for cut in 0..steps.len() {
        let releases = Releases::new();
        releases.generate(&releases.options(NOW));
        let place = releases.repo().path().join(releases.name.directory());
        let staged = releases.stages().join(releases.name.to_string());
        fs::create_dir_all(&staged).unwrap();
        // The same delta, made later.
        let mut superblock = fs::read(place.join("superblock")).unwrap();
        let mut decoded = Superblock::decode(&superblock).unwrap();
        decoded.timestamp += 10;
        superblock = decoded.encode().unwrap();
        fs::write(staged.join("superblock"), &superblock).unwrap();
        fs::copy(place.join("0"), staged.join("0")).unwrap();
        let digest = Checksum::of(&superblock);
        let record = json!({
            "airlock": "redo/1", "commits": {}, "partial": [], "commitmeta": {}, "refs": {},
            "deltas": { releases.name.to_string(): digest },
            "summary": null, "state": {}, "journal": "{\"n\":1}",
        });
        let record = serde_json::to_vec(&record).unwrap();
        releases
            .repo()
            .write_extension("redo.json", &record, 0o600)
            .unwrap();
        for (_, step) in &steps[..=cut] {
            step(&releases);
        }
        let at = steps[cut].0;
        for _ in 0..2 {
            drop(releases.repo().lock_for_writing().unwrap());
            assert_eq!(releases.digest(), Some(digest), "{at}");
            assert_eq!(releases.indexed(), [(releases.name, digest)], "{at}");
            assert!(place.join("0").is_file() && !staged.exists(), "{at}");
            assert!(!releases.repo().is_interrupted().unwrap(), "{at}");
        }
    }
}
