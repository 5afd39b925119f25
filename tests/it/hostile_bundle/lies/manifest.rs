//! A manifest that lies: about the release, the refs, its members.

use airlock::Class;
use serde_json::{Value, json};

use super::{Table, ZERO};
use crate::handmade::Part;
use crate::hostile_bundle::Row;
use crate::hostile_bundle::forge::{Forged, NEW, NOW, OLD, REF};

/// Fields of the manifest that are wrong, or disagree with what travels.
pub fn manifest() -> Table {
    use Class::{Corrupt, Refused, Unsupported};
    fn release(bundle: &mut Forged) -> &mut Value {
        &mut bundle.manifest["releases"][0]
    }
    vec![
        ("bundle/2", |b| b.kind = "bundle/2", Unsupported, "version"),
        (
            "bundle/10",
            |b| b.kind = "bundle/10",
            Unsupported,
            "version",
        ),
        ("trust/1", |b| b.kind = "trust/1", Corrupt, "begin"),
        (
            "an unknown field",
            |b| b.manifest["more"] = json!(1),
            Corrupt,
            "more",
        ),
        (
            "an unknown field of a release",
            |b| release(b)["more"] = json!(1),
            Corrupt,
            "more",
        ),
        (
            "no sequence",
            |b| b.manifest["sequence"] = json!({}),
            Corrupt,
            "sequence",
        ),
        (
            "no releases",
            |b| b.manifest["releases"] = json!([]),
            Corrupt,
            "releases",
        ),
        (
            "another ref",
            |b| {
                release(b)["ref"] = json!("other");
                b.manifest["sequence"] = json!({"other": NOW});
                b.manifest["refs-after"] = json!({"other": NEW});
            },
            Corrupt,
            "not-bound",
        ),
        (
            "another commit",
            |b| {
                release(b)["commit"] = json!(ZERO);
                b.manifest["refs-after"] = json!({REF: ZERO});
            },
            Corrupt,
            "contradiction",
        ),
        (
            "the old commit",
            |b| {
                release(b)["commit"] = json!(OLD);
                release(b)["from"] = json!([NEW]);
                b.manifest["refs-after"] = json!({REF: OLD});
            },
            Corrupt,
            "contradiction",
        ),
        (
            "refs-after another commit",
            |b| b.manifest["refs-after"] = json!({REF: OLD}),
            Corrupt,
            "refs-after",
        ),
        (
            "refs-after without the ref",
            |b| b.manifest["refs-after"] = json!({}),
            Corrupt,
            "",
        ),
        (
            "refs-after one more",
            |b| b.manifest["refs-after"]["other"] = json!(OLD),
            Corrupt,
            "summary-refs",
        ),
        (
            "refs-after a bad name",
            |b| b.manifest["refs-after"]["../x"] = json!(OLD),
            Corrupt,
            "ref",
        ),
        (
            "another parent",
            |b| release(b)["parent"] = json!(ZERO),
            Corrupt,
            "parent",
        ),
        (
            "no parent",
            |b| release(b)["parent"] = json!(null),
            Corrupt,
            "parent",
        ),
        (
            "another base",
            |b| release(b)["from"] = json!([ZERO]),
            Corrupt,
            "from",
        ),
        (
            "another timestamp",
            |b| release(b)["timestamp"] = json!(NOW),
            Corrupt,
            "timestamp",
        ),
        (
            "another version",
            |b| release(b)["version"] = json!("3.0"),
            Corrupt,
            "version",
        ),
        (
            "more files",
            |b| release(b)["objects"]["file"] = json!(1000),
            Corrupt,
            "number of files",
        ),
        (
            "fewer files",
            |b| release(b)["objects"]["file"] = json!(1),
            Corrupt,
            "",
        ),
        (
            "more trees",
            |b| release(b)["objects"]["dirtree"] = json!(1000),
            Corrupt,
            "number of trees",
        ),
        (
            "more dirmetas",
            |b| release(b)["objects"]["dirmeta"] = json!(1000),
            Corrupt,
            "number of dirmetas",
        ),
        (
            "more commits",
            |b| release(b)["objects"]["commit"] = json!(2),
            Corrupt,
            "number of commits",
        ),
        (
            "another collection",
            |b| {
                b.manifest["repository"]["collection"] = json!("org.other.X");
            },
            Refused,
            "other-collection",
        ),
        (
            "expired",
            |b| b.manifest["expires"] = json!(NOW - 1),
            Refused,
            "expired",
        ),
        (
            "expired before it was made",
            |b| b.manifest["expires"] = json!(1),
            Corrupt,
            "expires",
        ),
    ]
}

/// The manifest's list of members, edited entry by entry.
pub fn listed_members() -> Vec<Row> {
    type Change = fn(&mut Vec<Value>);
    let table: [(&str, Change, &str); 11] = [
        ("listed: one missing", |m| drop(m.remove(3)), ""),
        ("listed: last missing", |m| drop(m.pop()), ""),
        ("listed: one twice", |m| m.insert(3, m[3].clone()), "order"),
        ("listed: two exchanged", |m| m.swap(2, 3), "order"),
        (
            "listed: larger",
            |m| m[2]["size"] = json!(m[2]["size"].as_u64().unwrap() + 1),
            "",
        ),
        (
            "listed: another digest",
            |m| m[2]["sha256"] = json!(ZERO),
            "",
        ),
        (
            "listed: another chunk",
            |m| m[2]["chunks"][0] = json!(ZERO),
            "",
        ),
        ("listed: no chunks", |m| m[2]["chunks"] = json!([]), "chunk"),
        (
            "listed: a name with ..",
            |m| m[2]["name"] = json!("payload/../superblock"),
            "name",
        ),
        (
            "listed: an absolute name",
            |m| m[2]["name"] = json!("/etc/passwd"),
            "name",
        ),
        (
            "listed: more objects",
            |m| m[4]["objects"] = json!(4000),
            "",
        ),
    ];
    let row = |(name, change, text): (&str, Change, &'static str)| {
        let made = move || {
            let mut bundle = Forged::update();
            let mut members: Vec<Value> = bundle.members.iter().map(Part::entry).collect();
            change(&mut members);
            bundle.manifest["members"] = json!(members);
            bundle.tar()
        };
        Row::new(name.to_owned(), made, Class::Corrupt, text)
    };
    table.into_iter().map(row).collect()
}
