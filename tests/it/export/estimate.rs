//! `--dry-run` says how large the bundle will be: compared with the bundle.

use airlock::Silent;
use airlock::delta::{CostModel, Effort, Way, Why};
use airlock::workflow::export::{Base, Estimate, Sampling, estimate_export, plan_export};

use super::{STABLE, Twin};

/// So little of the image that most of it is not looked at.
const SOME: Sampling = Sampling {
    large: 100 << 10,
    small: 200 << 10,
    block: 16 << 10,
};

/// Numbers that look random, and are the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}

/// A text of so many words: some that all files share, some of its own.
fn text(seed: u64, words: u64) -> String {
    let mut noise = Noise(seed * 2 + 1);
    let word = |_| match noise.next() % 3 {
        0 => format!("{:x} ", noise.next()),
        _ => format!("word{} ", noise.next() % 500),
    };
    (0..words).map(word).collect()
}

/// Changes one word in some.
fn edited(text: &str, seed: u64, every: u64) -> String {
    let mut noise = Noise(seed * 2 + 99);
    let edit = |word| match noise.next() % every {
        0 => format!("{:x} ", noise.next()),
        _ => format!("{word} "),
    };
    text.split_whitespace().map(edit).collect()
}

/// Two releases of an image in small: files that changed a little, much or not, that are new or gone,
/// and one that is large.
fn images() -> [Vec<(String, String)>; 2] {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for number in 0..140 {
        let name = format!("module-{number:03}");
        let before = text(number, 1500 + 37 * (number % 40));
        let after = match number % 10 {
            0..=5 => edited(&before, number, 150),
            6 => edited(&before, number, 4),
            7 => text(number + 1000, 2000),
            _ => before.clone(),
        };
        old.push((name.clone(), before));
        new.push((name, after));
    }
    let large = text(5000, 40_000);
    new.push(("large".to_owned(), edited(&large, 1, 60)));
    old.push(("large".to_owned(), large));
    new.extend((0..8).map(|number| (format!("new-{number}"), text(7000 + number, 3000))));
    old.extend((0..8).map(|number| (format!("gone-{number}"), text(8000 + number, 3000))));
    [old, new].map(|mut files| {
        files.sort();
        files
    })
}

fn estimated(twin: &Twin, base: Base<'_>, costs: CostModel, sampling: Sampling) -> Estimate {
    let refs = [STABLE.parse().unwrap()];
    let mut options = twin.options(&refs, base);
    options.costs = costs;
    let repo = &twin.bench.repo;
    let plan = plan_export(repo, &options, &Silent).unwrap();
    estimate_export(repo, &options, &plan, sampling, &Silent).unwrap()
}

/// Releases both images, and returns the first commit.
fn released(twin: &Twin) -> String {
    let mut commits = images().map(|files| {
        let files = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        twin.release(STABLE, &files.collect::<Vec<_>>()).to_string()
    });
    std::mem::take(&mut commits[0])
}

#[test]
fn within_a_tenth_of_the_bundle() {
    let mut twin = Twin::new();
    let first = [released(&twin)];
    let costs = |effort, media_speed| CostModel {
        effort,
        media_speed,
    };
    for (base, effort, speed, level) in [
        (Base::Full, Effort::Balanced, None, None),
        (Base::Full, Effort::Small, None, None),
        (Base::Full, Effort::Balanced, None, Some(12)),
        (Base::Revisions(&first), Effort::Fast, None, None),
        (Base::Revisions(&first), Effort::Balanced, None, None),
        (Base::Revisions(&first), Effort::Small, None, None),
        (
            Base::Revisions(&first),
            Effort::Balanced,
            Some(1_000_000_000),
            None,
        ),
        (Base::Revisions(&first), Effort::Balanced, None, Some(3)),
    ] {
        twin.level = level;
        twin.costs = costs(effort, speed);
        let size = twin.exported(&[STABLE], base).size;
        for sampling in [SOME, Sampling::default()] {
            let estimate = estimated(&twin, base, twin.costs, sampling);
            let (low, high) = (size * 9 / 10, size * 11 / 10);
            assert!(
                (low..=high).contains(&estimate.bytes),
                "{base:?} {effort:?} {speed:?} {level:?} {sampling:?}: {} for {size}",
                estimate.bytes
            );
        }
    }
}

#[test]
fn a_small_file_does_not_stand_for_a_large_one() {
    let mut twin = Twin::new();
    twin.costs.effort = Effort::Small;
    let large = text(1, 300_000);
    twin.release(STABLE, &[("empty", ""), ("large", &large), ("tiny", "x")]);
    let size = twin.exported(&[STABLE], Base::Full).size;
    let estimate = estimated(&twin, Base::Full, twin.costs, SOME);
    assert!(
        (size * 9 / 10..=size * 11 / 10).contains(&estimate.bytes),
        "{} for {size}",
        estimate.bytes
    );
}

#[test]
fn it_says_why() {
    let twin = Twin::new();
    let first = [released(&twin)];
    let base = Base::Revisions(&first);
    let all = estimated(&twin, base, CostModel::default(), Sampling::default());
    let [release] = &all.releases[..] else {
        panic!("{all:?}");
    };
    // 28 modules stay as they are, 112 and the large file change, 8 files are new.
    let counts = [release.new, release.changed, release.unchanged].map(|tally| tally.objects);
    assert_eq!(counts, [8, 113, 28 + 1], "the permissions are one object");
    // New ones take most, for the large one is patched.
    let largest: Vec<_> = release.largest.iter().map(|file| &*file.path).collect();
    assert!(
        largest[..8]
            .iter()
            .all(|path| path.starts_with("/usr/new-"))
    );
    assert!(largest.contains(&"/usr/large"), "{largest:?}");
    let of = |way, why| {
        let found = release
            .ways
            .iter()
            .find(|tally| (tally.way, tally.why) == (way, why));
        found.map_or(0, |found| found.tally.objects)
    };
    assert_eq!(of(Way::Declined, Why::NoOldFile), 8);
    assert!(of(Way::Patched, Why::Saves) > 84, "{:?}", release.ways);
    assert!(
        of(Way::Declined, Why::SavesLittle) >= 1,
        "{:?}",
        release.ways
    );
    assert_eq!(release.compared, release.changed.stored);
    let some = estimated(&twin, base, CostModel::default(), SOME);
    let looked_at = some.releases[0].compared;
    assert!(looked_at < release.compared / 2, "{looked_at}");
    let stored = some.releases[0].changed.stored;
    assert!(stored.abs_diff(release.changed.stored) < 100, "{stored}");

    // Over a fast medium nothing is patched, and that is why.
    let fast = CostModel {
        media_speed: Some(10_000_000_000),
        ..CostModel::default()
    };
    let fast = estimated(&twin, base, fast, Sampling::default());
    let ways = fast.releases[0].ways.iter();
    assert!(ways.clone().any(|tally| tally.why == Why::MovesFaster));
    assert!(ways.clone().all(|tally| tally.way == Way::Declined));
}
