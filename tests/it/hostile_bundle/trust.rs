//! Trust updates before a good manifest that must not be taken, or cannot be read.

use airlock::Class;
use airlock::openpgp::armor_signatures;
use airlock::workflow::TrustStatement;

use super::Row;
use super::forge::{Forged, Key, NOW, SECOND, STRANGER, TRUSTED};

/// The officer may change the trust.
const POLICY: &str =
    "[[bundle]]\n[[commit]]\n[[summary]]\n[[trust]]\ncertificates = [\"officer\"]\n";
/// Anybody may sign anything, and two must change the trust.
const TWO: &str = "[[bundle]]\n[[commit]]\n[[summary]]\n[[trust]]\nthreshold = 2\n";
/// What the updates say.
const NEXT: &str = "[[bundle]]\n[[commit]]\n[[summary]]\n[[trust]]\n";

type Members = Vec<(String, Vec<u8>)>;

/// A first version that anybody may follow, signed by these.
fn first(signers: &[&Key]) -> Members {
    let mut statement = TrustStatement::new(1, None, NOW - 300);
    let text = |key: &Key| String::from_utf8(key.certificate().to_vec()).unwrap();
    statement.certificates = [&TRUSTED, &SECOND].map(|key| text(key)).into();
    statement.policy = NEXT.to_owned();
    signed(1, statement.to_bytes().unwrap(), signers)
}

fn signed(version: u64, statement: Vec<u8>, signers: &[&Key]) -> Members {
    let signatures: Vec<_> = signers.iter().map(|key| key.sign(&statement)).collect();
    let name = format!("trust/{version}.json");
    vec![
        (name.clone(), statement),
        (format!("{name}.asc"), armor_signatures(&signatures)),
    ]
}

/// So many versions, of which nobody signed any.
fn many(count: u64) -> Members {
    (1..=count)
        .flat_map(|version| signed(version, br#"{"airlock":"trust/1"}"#.to_vec(), &[]))
        .collect()
}

fn row(
    name: &str,
    policy: &'static str,
    before: impl Fn() -> Members + 'static,
    class: Class,
    text: &'static str,
) -> Row {
    let make = move || {
        let mut bundle = Forged::update();
        bundle.before = before();
        bundle.tar()
    };
    Row::new(name.to_owned(), make, class, text).under(policy)
}

pub fn rows() -> Vec<Row> {
    use Class::{Corrupt, Refused, Untrusted};
    let officer = || first(&[&SECOND]);
    let large = |at: usize| {
        move || {
            let mut members = officer();
            members[at].1.resize((256 << 10) + 1, b'\n');
            members
        }
    };
    let without = |at: usize| {
        move || {
            let mut members = officer();
            members.remove(at);
            members
        }
    };
    let named = |name: &'static str| {
        move || {
            let mut members = officer();
            members[0].0 = name.to_owned();
            members
        }
    };
    let mut rows = vec![
        row(
            "nobody signed",
            POLICY,
            || first(&[]),
            Untrusted,
            "unsigned",
        ),
        row(
            "not by the officer",
            POLICY,
            || first(&[&TRUSTED]),
            Untrusted,
            "too-few-signers",
        ),
        row(
            "a stranger",
            POLICY,
            || first(&[&STRANGER]),
            Untrusted,
            "too-few-signers",
        ),
        row("one of two", TWO, officer, Untrusted, "too-few-signers"),
        row("no policy", "", officer, Refused, "trust-without-policy"),
        row(
            "nobody may",
            "[[bundle]]\n[[commit]]\n[[summary]]\n",
            officer,
            Refused,
            "role-not-listed",
        ),
        row(
            "65 of them",
            POLICY,
            || many(65),
            Corrupt,
            "more than 64 trust updates",
        ),
        row(
            "a large statement",
            POLICY,
            large(0),
            Corrupt,
            "262144 are allowed",
        ),
        row(
            "a large signature file",
            POLICY,
            large(1),
            Corrupt,
            "262144 are allowed",
        ),
        row(
            "no statement",
            POLICY,
            without(0),
            Corrupt,
            "is not a bundle",
        ),
        row(
            "no signature file",
            POLICY,
            without(1),
            Corrupt,
            "trust/1.json.asc",
        ),
        row(
            "version 0",
            POLICY,
            named("trust/0.json"),
            Corrupt,
            "is not in order",
        ),
        row(
            "version 01",
            POLICY,
            named("trust/01.json"),
            Corrupt,
            "is not in order",
        ),
        row(
            "another directory",
            POLICY,
            named("trust/../1.json"),
            Corrupt,
            "is not in order",
        ),
        row(
            "signed noise",
            POLICY,
            || signed(1, b"noise".to_vec(), &[&SECOND]),
            Corrupt,
            "is not a bundle",
        ),
        row(
            "3 after 1",
            POLICY,
            move || [officer(), signed(3, b"{}".to_vec(), &[])].concat(),
            Corrupt,
            "trust update 3 stands after 1",
        ),
    ];
    let behind = || {
        let bundle = Forged::update();
        let mut files = bundle.files();
        files.splice(2..2, first(&[&SECOND]));
        crate::handmade::tar_of(&files)
    };
    rows.push(Row::new("behind the manifest".into(), behind, Corrupt, "").under(POLICY));
    let wanted = || {
        let mut bundle = Forged::update();
        let digest = "a".repeat(64);
        bundle.manifest["trust"] = serde_json::json!({"version": 1, "sha256": digest});
        bundle.tar()
    };
    rows.push(
        Row::new(
            "one that is asked for".into(),
            wanted,
            Untrusted,
            "trust-behind",
        )
        .under(POLICY),
    );
    let other = || {
        let mut bundle = Forged::update();
        let digest = "a".repeat(64);
        bundle.before = first(&[&SECOND]);
        bundle.manifest["trust"] = serde_json::json!({"version": 1, "sha256": digest});
        bundle.tar()
    };
    rows.push(
        Row::new(
            "another is asked for".into(),
            other,
            Untrusted,
            "trust-fork",
        )
        .under(POLICY),
    );
    rows
}
