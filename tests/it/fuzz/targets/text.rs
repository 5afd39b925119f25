//! Text: the manifest and its kin in JSON, the policy in TOML, the repository's config, the journal.

use std::collections::BTreeSet;
use std::fmt::Debug;

use airlock::bundle::{Inventory, Manifest, RepositoryId};
use airlock::openpgp::Fingerprint;
use airlock::repo::{KeyFile, Repo};
use airlock::workflow::policy::{Policy, Role};
use airlock::workflow::{TrustStatement, journal};

/// What is read is, written and read again, the same value; written once more, the same bytes.
fn settles<T: PartialEq + Debug, E: Debug, F: Debug>(
    read: Result<T, E>,
    write: impl Fn(&T) -> Result<Vec<u8>, F>,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Option<T> {
    let value = read.ok()?;
    let bytes = write(&value).expect("what was read can be written");
    let again = parse(&bytes).expect("what was written can be read");
    assert_eq!(again, value);
    assert_eq!(write(&again).expect("it was written"), bytes);
    Some(value)
}

/// A manifest that is read settles; every member and release in it passes the checks of writing, and
/// chunks and sizes belong together.
pub fn manifest(data: &[u8]) -> bool {
    let read = Manifest::parse(data);
    let Some(manifest) = settles(read, Manifest::to_bytes, Manifest::parse) else {
        return false;
    };
    for member in &manifest.members {
        let chunks = member.size.div_ceil(airlock::bundle::CHUNK_SIZE);
        assert_eq!(member.chunks.len() as u64, chunks, "{}", member.name);
        assert_eq!(member.name.to_string().parse().ok(), Some(member.name));
    }
    true
}

/// An inventory that is read settles.
pub fn inventory(data: &[u8]) -> bool {
    let write = |inventory: &Inventory| Ok::<_, ()>(inventory.to_bytes());
    settles(Inventory::parse(data), write, Inventory::parse).is_some()
}

/// A trust statement that is read settles, and its policy is read as any other.
pub fn trust_statement(data: &[u8]) -> bool {
    let read = TrustStatement::parse(data);
    let statement = settles(read, TrustStatement::to_bytes, TrustStatement::parse);
    statement.is_some_and(|statement| policy(statement.policy.as_bytes()))
}

/// A policy that is read asks for one signature at least and for no more than there are certificates
/// to make, names none that the directory does not hold, and its mistakes are on lines it has.
pub fn policy(data: &[u8]) -> bool {
    let directory: BTreeSet<Fingerprint> = ["A", "B", "C"]
        .map(|digit| digit.repeat(40).parse().expect("a fingerprint"))
        .into();
    let policy = match Policy::parse_bytes(data, &directory) {
        Ok(policy) => policy,
        Err(error) => {
            let lines = 1 + data.iter().filter(|&&byte| byte == b'\n').count();
            assert!((1..=lines).contains(&error.line), "{error}");
            return false;
        }
    };
    assert!(policy.is_written());
    let refs = ["os/x86_64/stable".parse().expect("a ref")];
    let rules: Vec<_> = Role::ALL
        .into_iter()
        .flat_map(|role| policy.rules(role))
        .collect();
    assert!(!rules.is_empty());
    for rule in rules {
        assert!((1..=rule.certificates.len()).contains(&rule.threshold));
        assert!(rule.certificates.is_subset(&directory));
        assert_ne!(rule.max_age, Some(0));
        for pattern in &rule.refs {
            let _ = pattern.matches(&refs[0]);
        }
    }
    for role in Role::ALL {
        assert!(policy.signers(role, &refs).is_subset(&directory));
    }
    true
}

/// A key file that is read keeps its meaning when it is written; a key that is set is what it was
/// set to, and the others stay. Opening a repository with this config never panics.
pub fn config(data: &[u8]) -> bool {
    thread_local! {
        static REPO: tempfile::TempDir = tempfile::tempdir().expect("a directory");
    }
    let opened = REPO.with(|repo| {
        std::fs::create_dir_all(repo.path().join("objects")).expect("a directory");
        std::fs::write(repo.path().join("config"), data).expect("a config");
        Repo::open(repo.path()).is_ok()
    });
    let Some(Ok(file)) = std::str::from_utf8(data).ok().map(KeyFile::parse) else {
        assert!(!opened, "a repository without a config");
        return false;
    };
    let again = KeyFile::parse(&file.to_string()).expect("what was written can be read");
    assert_eq!(meaning(&again), meaning(&file));
    let mut edited = file.clone();
    let value = " a\\b\tc;\n";
    edited.set_string("airlock fuzz", "set", value);
    let edited = KeyFile::parse(&edited.to_string()).expect("airlock wrote it");
    assert_eq!(edited.string("airlock fuzz", "set").as_deref(), Some(value));
    for (group, key, raw) in meaning(&file) {
        if group != "airlock fuzz" {
            assert_eq!(edited.raw(&group, &key), Some(raw.as_str()));
        }
        let _ = (file.string(&group, &key), file.list(&group, &key));
    }
    opened
}

/// Every key with the value that counts.
fn meaning(file: &KeyFile) -> BTreeSet<(String, String, String)> {
    let groups = file.groups().into_iter();
    let all = groups.flat_map(|group| file.entries(group).map(move |(key, _)| (group, key)));
    all.map(|(group, key)| {
        let raw = file.raw(group, key).expect("it is among the entries");
        (group.to_owned(), key.to_owned(), raw.to_owned())
    })
    .collect()
}

/// A journal that is read has its lines numbered without a gap, and goes on with one more; a
/// repository's id is read again from what shows it.
pub fn journal(data: &[u8]) -> bool {
    let records = journal::check(data).unwrap_or_default();
    let numbers = records.iter().map(|record| record.n);
    assert!(numbers.eq(1..=records.len() as u64));
    if let Ok(id) = String::from_utf8_lossy(data).parse::<RepositoryId>() {
        assert_eq!(id.to_string().as_bytes(), data);
    }
    !records.is_empty()
}
