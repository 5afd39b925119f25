//! Summaries: those of stock `ostree` are read, and written again byte for byte.

use std::collections::BTreeMap;

use airlock::format::{
    Checksum, Codec, FormatError, Metadata, RefName, Summary, SummaryFields, SummaryRef,
    decode_delta_index, encode_delta_index,
    gvariant::{Value, View},
};
use proptest::prelude::*;

use crate::fixture;

const FROM: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

fn archive() -> Vec<u8> {
    fixture::read("summary/archive-summary.bin")
}

fn collection() -> Vec<u8> {
    fixture::read("summary/collection-summary.bin")
}

/// Takes a summary apart, and returns what it was put together from.
fn fields(summary: &Summary) -> SummaryFields {
    let known = |key: &str| key.starts_with("ostree.") && key != "ostree.summary.expires";
    SummaryFields {
        extra: summary
            .metadata
            .iter()
            .filter(|(key, _)| !known(key))
            .map(|(key, value)| (key, value.clone()))
            .collect(),
        static_deltas: summary.static_deltas().unwrap(),
        last_modified: summary.last_modified().unwrap(),
        mode: summary.mode().unwrap().to_owned(),
        tombstone_commits: false,
        collection_id: summary.collection_id().unwrap(),
        collection_map: summary.collection_map().unwrap(),
    }
}

#[test]
fn the_archive_summary_says_what_ostree_put_in() {
    let summary = Summary::decode(&archive()).unwrap();
    let names: Vec<&str> = summary
        .refs
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["stable", "test/x86_64/main"]);
    let stable = summary.find(&"stable".parse().unwrap()).unwrap();
    assert_eq!(stable.commit.to_string(), TO);
    assert_eq!(stable.size, 1716);
    assert_eq!(stable.version(), Some("2.0"));
    assert_eq!(stable.timestamp(), Some(1_700_086_400));
    assert_eq!(summary.mode(), Some("archive-z2"));
    let deltas = summary.static_deltas().unwrap();
    assert_eq!(deltas.len(), 1);
    assert_eq!(deltas[0].0.to_string(), format!("{FROM}-{TO}"));
    let superblock = fixture::read("delta/delta-fallback/superblock");
    assert_eq!(deltas[0].1, Checksum::of(&superblock));
    assert_eq!(summary.collection_id(), Ok(None));
    assert!(summary.collection_map().unwrap().is_empty());
}

#[test]
fn the_collection_summary_says_what_ostree_put_in() {
    let summary = Summary::decode(&collection()).unwrap();
    let id = summary.collection_id().unwrap().unwrap();
    assert_eq!(id.as_str(), "org.example.Os");
    let map = summary.collection_map().unwrap();
    let others: Vec<&str> = map.keys().map(|id| id.as_str()).collect();
    assert_eq!(others, ["org.abc.Col", "org.other.Col"]);
    assert!(summary.expires().is_some());
}

#[test]
fn both_come_back_byte_for_byte() {
    for bytes in [archive(), collection()] {
        assert_eq!(Summary::decode(&bytes).unwrap().encode(), bytes);
    }
}

#[test]
fn both_are_put_together_again_from_what_they_say() {
    for bytes in [archive(), collection()] {
        let summary = Summary::decode(&bytes).unwrap();
        let refs = summary.refs.iter().rev().map(|entry| {
            let timestamp = entry.timestamp().unwrap();
            let (size, commit) = (entry.size, entry.commit);
            SummaryRef::new(entry.name.clone(), size, commit, entry.version(), timestamp)
        });
        let again = Summary::new(refs.collect(), fields(&summary));
        assert_eq!(again.encode(), bytes);
    }
}

#[test]
fn the_delta_index_comes_back_byte_for_byte() {
    let bytes = fixture::read("summary/delta.index.bin");
    let deltas = decode_delta_index(&bytes).unwrap();
    assert_eq!(deltas[0].0.to_string(), format!("{FROM}-{TO}"));
    assert_eq!(encode_delta_index(&deltas), bytes);
}

#[test]
fn the_signatures_beside_a_summary() {
    let bytes = fixture::read("summary/archive-summary.sig.bin");
    let metadata = Metadata::decode(&bytes).unwrap();
    let signatures = metadata.signatures(Metadata::GPGSIGS).unwrap();
    assert_eq!(
        signatures.iter().map(Vec::len).collect::<Vec<_>>(),
        [119, 310]
    );
    assert_eq!(metadata.encode_hash_order(), bytes);
}

fn entry(name: &str, checksum: &[u8]) -> Value {
    let commit = [
        Value::u64(1),
        Value::ay(checksum),
        Metadata::new().to_value(),
    ];
    Value::tuple([Value::str(name), Value::tuple(commit)])
}

fn with(refs: &[Value], key: &str, value: Value) -> Vec<u8> {
    let refs = Value::array("(s(taya{sv}))", refs.iter().cloned());
    let metadata = Value::vardict([(key, &value)]);
    Value::tuple([refs, metadata]).into_bytes()
}

fn collections(ids: &[&str]) -> Value {
    let refs = || Value::array("(s(taya{sv}))", [entry("a", &[0; 32])]);
    let entry = |id: &&str| Value::dict_entry(Value::str(id), refs());
    Value::array("{sa(s(taya{sv}))}", ids.iter().map(entry))
}

#[test]
fn summaries_that_are_at_fault() {
    let (a, b) = (entry("a", &[0; 32]), entry("b", &[0; 32]));
    let map = "ostree.summary.collection-map";
    let other = || Value::byte(0);
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "normal form"),
        (
            "trailing byte",
            [&archive()[..], b"\0"].concat(),
            "normal form",
        ),
        (
            "refs unsorted",
            with(&[b.clone(), a.clone()], "k", other()),
            "out of order",
        ),
        (
            "ref twice",
            with(&[a.clone(), a.clone()], "k", other()),
            "twice",
        ),
        (
            "no ref name",
            with(&[entry("../x", &[0; 32])], "k", other()),
            "ref name",
        ),
        (
            "short checksum",
            with(&[entry("a", &[0; 31])], "k", other()),
            "31 bytes",
        ),
        ("empty key", with(&[], "", other()), "key is empty"),
        (
            "map of another type",
            with(&[], map, other()),
            "has type `y`",
        ),
        (
            "no collection id",
            with(&[], map, collections(&["x"])),
            "collection id",
        ),
        (
            "collections unsorted",
            with(&[], map, collections(&["b.c", "a.c"])),
            "out of order",
        ),
        (
            "collection twice",
            with(&[], map, collections(&["b.c", "b.c"])),
            "twice",
        ),
    ];
    for (name, bytes, want) in table {
        let error = Summary::decode(&bytes).map(|_| ()).expect_err(name);
        assert!(error.to_string().contains(want), "{name}: {error}");
    }
    let fine = with(&[a, b], "k", other());
    assert!(Summary::decode(&fine).is_ok());
}

#[test]
fn entries_of_another_type_are_errors_where_they_are_asked_for() {
    let read = |key, value| Summary::decode(&with(&[], key, value)).unwrap();
    let deltas = read("ostree.static-deltas", Value::str("no"));
    assert!(matches!(
        deltas.static_deltas(),
        Err(FormatError::EntryType { .. })
    ));
    let id = read("ostree.summary.collection-id", Value::byte(0));
    assert!(matches!(
        id.collection_id(),
        Err(FormatError::EntryType { .. })
    ));
    assert_eq!(
        read("ostree.summary.last-modified", Value::str("no")).last_modified(),
        None
    );
}

proptest! {
    #[test]
    fn any_summary_comes_back(
        names in prop::collection::btree_set("[a-z][a-z0-9]{0,6}(/[a-z]{1,5})?", 0..20),
        version in prop::option::of("[0-9.]{1,8}"),
        (last_modified, timestamp, size) in any::<(u64, u64, u64)>(),
    ) {
        let refs = names.iter().map(|name| {
            let name: RefName = name.parse().unwrap();
            let commit = Checksum::of(name.as_str().as_bytes());
            SummaryRef::new(name, size, commit, version.as_deref(), timestamp)
        });
        let fields = SummaryFields { last_modified, mode: "bare".into(), ..SummaryFields::default() };
        let summary = Summary::new(refs.collect(), fields);
        let bytes = summary.encode();
        prop_assert!(View::parse(Summary::TYPE, &bytes).is_ok());
        let again = Summary::decode(&bytes).unwrap();
        prop_assert_eq!(&again, &summary);
        let times: BTreeMap<_, _> = again.refs.iter().map(|r| (r.name.as_str(), r.timestamp())).collect();
        prop_assert!(times.values().all(|time| *time == Some(timestamp)));
    }

    #[test]
    fn a_summary_of_stock_with_any_byte_altered(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = collection();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(summary) = Summary::decode(&bytes) {
            prop_assert_eq!(summary.encode(), bytes);
        }
    }
}
