//! Bundles that are signed, and not as the site's policy has it.

use airlock::Class;
use serde_json::json;

use super::Row;
use super::forge::{Forged, NOW, SECOND, TRUSTED};

/// Two must sign bundles; for the rest one suffices.
pub const TWO: &str = "[[bundle]]\nthreshold = 2\n[[commit]]\n[[summary]]\n";
/// What two who sign make.
pub const BOTH: fn(&[u8]) -> Vec<Vec<u8>> =
    |manifest| vec![TRUSTED.sign(manifest), SECOND.sign(manifest)];
/// Two must sign commits.
const TWO_FOR_COMMITS: &str = "[[bundle]]\n[[commit]]\nthreshold = 2\n[[summary]]\n";
/// Only the officer signs bundles.
const OFFICER: &str = "[[bundle]]\ncertificates = [\"officer\"]\n[[commit]]\n[[summary]]\n";
/// Only the officer signs summaries.
const OFFICER_FOR_SUMMARIES: &str =
    "[[bundle]]\n[[commit]]\n[[summary]]\ncertificates = [\"officer\"]\n";
/// Another ref than that of the bundle.
const OTHER_REF: &str = "[[bundle]]\nrefs = [\"other\"]\n[[commit]]\n[[summary]]\n";
/// Nobody signs commits.
const NO_COMMITS: &str = "[[bundle]]\n[[summary]]\n";
/// Bundles of another collection.
const COLLECTION: &str = "[[bundle]]\ncollection = \"org.other.X\"\n[[commit]]\n[[summary]]\n";
/// No bundle older than an hour.
const FRESH: &str = "[[bundle]]\nmax-age = \"1h\"\n[[commit]]\n[[summary]]\n";
/// Every bundle expires.
const EXPIRING: &str = "[[bundle]]\nrequire-expiry = true\n[[commit]]\n[[summary]]\n";

pub fn rows() -> Vec<Row> {
    use Class::{Refused, Untrusted};
    type Edit = fn(&mut Forged);
    let table: [(&str, &'static str, Edit, Class, &'static str); 10] = [
        (
            "one signature of two",
            TWO,
            |_| (),
            Untrusted,
            "too-few-signers",
        ),
        (
            "one key twice",
            TWO,
            |b| b.sign = |m| vec![TRUSTED.sign(m); 2],
            Untrusted,
            "too-few-signers",
        ),
        (
            "one good, one over another manifest",
            TWO,
            |b| {
                b.sign = |m| vec![TRUSTED.sign(m), SECOND.sign(b"other")];
            },
            Untrusted,
            "too-few-signers",
        ),
        (
            "a commit signed by one of two",
            TWO_FOR_COMMITS,
            |_| (),
            Untrusted,
            "too-few-signers",
        ),
        (
            "a bundle by who may only sign commits",
            OFFICER,
            |_| (),
            Untrusted,
            "too-few-signers",
        ),
        (
            "a summary by who may not sign one",
            OFFICER_FOR_SUMMARIES,
            |_| (),
            Untrusted,
            "too-few-signers",
        ),
        (
            "a ref no rule allows",
            OTHER_REF,
            |_| (),
            Refused,
            "ref-not-allowed",
        ),
        (
            "a role nobody has",
            NO_COMMITS,
            |_| (),
            Refused,
            "role-not-listed",
        ),
        (
            "a collection the policy does not want",
            COLLECTION,
            |_| (),
            Refused,
            "collection-not-allowed",
        ),
        (
            "no expiry where one must be",
            EXPIRING,
            |_| (),
            Refused,
            "expiry-missing",
        ),
    ];
    let row =
        |(name, policy, edit, class, text): (&str, &'static str, Edit, Class, &'static str)| {
            let made = move || {
                let mut bundle = Forged::update();
                edit(&mut bundle);
                bundle.tar()
            };
            Row::new(name.to_owned(), made, class, text).under(policy)
        };
    let old = || {
        let mut bundle = Forged::update();
        bundle.manifest["created"] = json!(NOW - 7200);
        bundle.tar()
    };
    let old = Row::new(
        "older than the policy allows".into(),
        old,
        Refused,
        "too-old",
    )
    .under(FRESH);
    table.into_iter().map(row).chain([old]).collect()
}
