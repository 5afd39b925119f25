//! policy.toml: what it means, and every mistake with its line.

use std::collections::BTreeSet;

use airlock::format::RefName;
use airlock::openpgp::{Fingerprint, GoodSignature, Verification};
use airlock::workflow::policy::Policy;
use airlock::workflow::{Claim, Finding, Role, Subject};

const ALICE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const BOB: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
const CAROL: &str = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";
const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn directory() -> BTreeSet<Fingerprint> {
    [ALICE, BOB, CAROL].map(|text| text.parse().unwrap()).into()
}

fn policy(text: &str) -> Policy {
    Policy::parse(text, &directory()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A verification in which these certificates signed; one named twice signed twice.
fn signed_by(signers: &[&str]) -> Verification {
    let good = |(index, signer): (usize, &&str)| GoodSignature {
        index,
        cert: signer.parse().unwrap(),
        key: signer.parse().unwrap(),
        created: NOW,
        user_id: None,
    };
    let mut verification = Verification::default();
    verification.good = signers.iter().enumerate().map(good).collect();
    verification
}

#[test]
fn mistakes_name_their_line() {
    let table: &[(&str, &str)] = &[
        (
            "",
            "line 1: there is no rule: [[bundle]], [[commit]], [[summary]] or [[trust]]",
        ),
        (
            "[[bundle]]\nthreshhold = 1\n",
            "line 2: unknown field `threshhold`, expected one of ",
        ),
        (
            "\n[[bundel]]\n",
            "line 2: unknown field `bundel`, expected one of ",
        ),
        (
            "[[bundle]]\nthreshold = \"two\"\n",
            "line 2: invalid type: string \"two\", expected u64",
        ),
        (
            "[[bundle]]\nthreshold = 0\n",
            "line 2: a threshold of 0 would ask for no signature",
        ),
        (
            "[[bundle]]\n\nthreshold = 4\n",
            "line 3: threshold 4 is above the number of certificates, 3",
        ),
        (
            "[certificates]\nalice = \"A…A\"\n[[commit]]\ncertificates = [\"alice\"]\nthreshold = 2\n",
            "line 5: threshold 2 is above the number of certificates, 1",
        ),
        (
            "[[commit]]\ncertificates = [\n  \"A…A\",\n  \"dave\",\n]\n",
            "line 4: `dave` is neither a name in [certificates] nor a full fingerprint",
        ),
        (
            "[certificates]\ndave = \"D…D\"\n",
            "line 2: the directory holds no certificate DDDD",
        ),
        (
            "[certificates]\ndave = \"3DD269B0BC6F5129\"\n",
            "line 2: `3DD269B0BC6F5129` is neither a name",
        ),
        (
            "[[summary]]\nrefs = [\"os/*\", \"/os\"]\n",
            "line 2: `/os` matches no ref",
        ),
        (
            "[[summary]]\nrefs = []\n",
            "line 2: an empty list allows nothing",
        ),
        (
            "[[bundle]]\nmax-age = \"soon\"\n",
            "line 2: `soon` is not a length of time such as 90d",
        ),
        (
            "[[bundle]]\nmax-age = \"99999999999999999999w\"\n",
            "line 2: `9999",
        ),
        (
            "[[bundle]]\nmax-age = \"d\"\n",
            "line 2: `d` is not a length of time such as 90d",
        ),
        (
            "[[trust]]\nthreshold = 2\nrefs = [\"os\"]\n",
            "line 3: a trust rule has no `refs`",
        ),
        (
            "[[bundle]]\nthreshold = 1\nthreshold = 2\n",
            "line 3: duplicate key",
        ),
        ("[[bundle]\n", "line 1: "),
        (
            "\n[bundle]\nthreshold = 1\n",
            "line 2: invalid type: map, expected a sequence",
        ),
        (
            "[certificates]\n[[bundle]]\n[certificates]\n",
            "line 3: duplicate key",
        ),
        (
            "certificates = [\"A…A\"]\n",
            "line 1: invalid type: sequence, expected a map",
        ),
        (
            "[certificates]\nalice = 7\n",
            "line 2: invalid type: integer `7`, expected a string",
        ),
        (
            "[certificates]\nalice = \"A…A\"\nalice = \"A…A\"\n",
            "line 3: duplicate key",
        ),
        (
            "[[bundle]]\nthreshold = -1\n",
            "line 2: invalid value: integer `-1`, expected u64",
        ),
        ("[[bundle]]\nthreshold = 18446744073709551615\n", "line 2: "),
        (
            "[[bundle]]\nrequire-expiry = \"yes\"\n",
            "line 2: invalid type: string \"yes\", expected a boolean",
        ),
        (
            "[[bundle]]\nmax-age = 90\n",
            "line 2: invalid type: integer `90`, expected a string",
        ),
        (
            "[[bundle]]\nmax-age = \"0d\"\n",
            "line 2: `0d` is not a length of time such as 90d",
        ),
        (
            "[[commit]]\nrefs = \"os/**\"\n",
            "line 2: invalid type: string \"os/**\", expected a sequence",
        ),
        (
            "[[commit]]\ncertificates = \"A…A\"\n",
            "line 2: invalid type: string",
        ),
        (
            "[[commit]]\ncertificates = []\n",
            "line 2: an empty list allows nothing",
        ),
        (
            "[[commit]]\ncollection = \"not an id\"\n",
            "line 2: `not an id` is not a collection ID",
        ),
        (
            "[[trust]]\ncollection = \"org.example.Os\"\n",
            "line 2: a trust rule has no `collection`",
        ),
        (
            "[certificates]\nalice = \"A…A\"\n[[bundle]]\ncertificates = [\n  \"alice\",\n  \"A…A\",\n]\nthreshold = 2\n",
            "line 6: `AAAA",
        ),
        (
            "[[bundle]]\nrefs = [\"os/**\", \"os/**\"]\n",
            "line 2: `os/**` stands twice in the list",
        ),
    ];
    for (text, expected) in table {
        let text = text.replace("A…A", ALICE).replace("D…D", &"D".repeat(40));
        let error = Policy::parse(&text, &directory())
            .expect_err(&text)
            .to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
}

#[test]
fn a_policy_that_is_no_text_names_its_line() {
    let error = Policy::parse_bytes(b"[[bundle]]\n# \xff\n", &directory()).unwrap_err();
    assert_eq!(error.to_string(), "line 2: it is not UTF-8");
}

const TWO_OF_THREE: &str = r#"
[certificates]
alice = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
bob = "BBBB BBBB BBBB BBBB BBBB  BBBB BBBB BBBB BBBB BBBB"

[[bundle]]
refs = ["os/**"]
threshold = 2
max-age = "30d"
require-expiry = true

[[bundle]]
refs = ["os/*/stable"]
certificates = ["alice"]

[[commit]]
certificates = ["alice", "bob"]
"#;

/// Which role · which refs · who signed · which findings, by name.
type Judged = (
    Role,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// What policy says.
const JUDGED: &[Judged] = &[
    (Role::Bundle, &["os/testing"], &[ALICE, BOB], &[]),
    (Role::Bundle, &["os/testing"], &[BOB, CAROL], &[]),
    (
        Role::Bundle,
        &["os/testing"],
        &[ALICE],
        &["too-few-signers"],
    ),
    (
        Role::Bundle,
        &["os/testing"],
        &[ALICE, ALICE],
        &["too-few-signers"],
    ),
    (Role::Bundle, &["os/testing"], &[], &["unsigned"]),
    // Both rules match, and both must hold.
    (Role::Bundle, &["os/x/stable"], &[ALICE, BOB], &[]),
    (
        Role::Bundle,
        &["os/x/stable"],
        &[BOB, CAROL],
        &["too-few-signers"],
    ),
    // Every ref of the bundle is judged.
    (
        Role::Bundle,
        &["os/testing", "os/x/stable"],
        &[BOB, CAROL],
        &["too-few-signers"],
    ),
    (
        Role::Bundle,
        &["os/testing", "app/x"],
        &[ALICE, BOB],
        &["ref-not-allowed"],
    ),
    (Role::Commit, &["anything/at/all"], &[BOB], &[]),
    (
        Role::Commit,
        &["anything/at/all"],
        &[CAROL],
        &["too-few-signers"],
    ),
    (
        Role::Summary,
        &["os/testing"],
        &[ALICE, BOB, CAROL],
        &["role-not-listed"],
    ),
    (Role::Trust, &[], &[ALICE, BOB, CAROL], &["role-not-listed"]),
];

fn names(findings: &[Finding]) -> Vec<String> {
    let name = |finding| {
        serde_json::to_value(finding).unwrap()["finding"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    findings.iter().map(name).collect()
}

#[test]
fn judging() {
    let policy = policy(TWO_OF_THREE);
    for (role, refs, signers, expected) in JUDGED {
        let refs: Vec<RefName> = refs.iter().map(|name| name.parse().unwrap()).collect();
        let claim = Claim {
            role: *role,
            subject: Subject::Bundle,
            refs: &refs,
            collection: None,
            created: NOW - DAY,
            expires: Some(NOW + DAY),
            now: NOW,
        };
        let findings = policy.judge(&claim, &signed_by(signers));
        assert_eq!(names(&findings), *expected, "{role} {refs:?} {signers:?}");
    }
}

#[test]
fn time_and_collection() {
    let text = format!("{TWO_OF_THREE}\n[[summary]]\ncollection = \"org.example.Os\"\n");
    let policy = policy(&text);
    let refs = ["os/testing".parse().unwrap()];
    let all = signed_by(&[ALICE, BOB, CAROL]);
    let judge = |role, created, expires, collection: Option<&str>| {
        let collection = collection.map(|text| text.parse().unwrap());
        let subject = Subject::Bundle;
        let claim = Claim {
            role,
            subject,
            refs: &refs,
            collection: collection.as_ref(),
            created,
            expires,
            now: NOW,
        };
        names(&policy.judge(&claim, &all))
    };
    let none: [&str; 0] = [];
    assert_eq!(
        judge(Role::Bundle, NOW - 30 * DAY, Some(NOW + 1), None),
        none
    );
    assert_eq!(
        judge(Role::Bundle, NOW - 31 * DAY, Some(NOW + 1), None),
        ["too-old"]
    );
    assert_eq!(judge(Role::Bundle, NOW, Some(NOW), None), ["expired"]);
    assert_eq!(judge(Role::Bundle, NOW, None, None), ["expiry-missing"]);
    assert_eq!(judge(Role::Summary, 0, None, Some("org.example.Os")), none);
    assert_eq!(
        judge(Role::Summary, 0, None, Some("org.example.Other")),
        ["collection-not-allowed"]
    );
    assert_eq!(
        judge(Role::Summary, 0, None, None),
        ["collection-not-allowed"]
    );
}

#[test]
fn without_a_policy_any_one_certificate_may_sign_anything() {
    let policy = Policy::any_one_of([ALICE, BOB].map(|text| text.parse().unwrap()).into());
    for role in Role::ALL {
        let admit =
            |signers: &[&str]| names(&policy.admit(role, &Subject::Bundle, &signed_by(signers)));
        assert!(admit(&[BOB]).is_empty());
        assert_eq!(admit(&[CAROL]), ["too-few-signers"]);
        assert_eq!(admit(&[]), ["unsigned"]);
    }
}
