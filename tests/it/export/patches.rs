//! What travels as a patch, and of which old files.

use airlock::format::Checksum;
use airlock::workflow::export::{Base, plan_export};

use super::{STABLE, Twin};
use airlock::Silent;

/// Returns how many files would travel whole, and how many as patches.
fn planned(twin: &Twin, from: &[Checksum]) -> (u64, u64) {
    let refs = [STABLE.parse().unwrap()];
    let from: Vec<_> = from.iter().map(Checksum::to_string).collect();
    let options = twin.options(&refs, Base::Revisions(&from));
    let plan = plan_export(&twin.bench.repo, &options, &Silent).unwrap();
    let release = &plan.releases[0];
    (release.packed_files, release.paired_files)
}

#[test]
fn a_patch_is_made_of_what_every_base_has() {
    let twin = Twin::new();
    let text = |line: &str| format!("{line}\n").repeat(2000);
    let (one, two, three) = (text("one"), text("two"), text("three"));
    let both = [("a", one.as_str()), ("b-1", two.as_str())];
    let first = twin.release(STABLE, &both);
    let second = twin.release(STABLE, &both[..1]);
    let third = [("a", three.as_str()), ("b-2", "new"), ("c", "new, too")];
    twin.release(STABLE, &third);
    assert_eq!(planned(&twin, &[first]), (1, 2));
    // The other one may be what the site has, and it has no `b`.
    assert_eq!(planned(&twin, &[first, second]), (2, 1));
    assert_eq!(planned(&twin, &[second]), (2, 1));
}

#[test]
fn an_update_is_smaller_than_what_it_brings() {
    let twin = Twin::new();
    // Numbers that do not repeat, so that there is something to save.
    let lines = |changed: u64| {
        let line = |n: u64| {
            format!(
                "{:x}\n",
                (n + changed * u64::from(n.is_multiple_of(500)))
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            )
        };
        (0..4000).map(line).collect::<String>()
    };
    let (before, after) = (lines(0), lines(7));
    let first = twin.release(STABLE, &[("file", &before)]);
    twin.release(STABLE, &[("file", &after)]);
    let from = [first.to_string()];
    let exported = twin.exported(&[STABLE], Base::Revisions(&from));
    let release = &exported.releases[0];
    assert!(release.bytes.content > 60_000, "{release:?}");
    assert!(exported.size < 30_000 + 20_480, "{}", exported.size);
    // A patched file counts among what the bundle brings, although it cannot be made here.
    assert_eq!(twin.verified(&exported).objects, 4);
}
