//! Superblocks and signed forms that are at fault.

use airlock::Class;
use airlock::format::delta::{DeltaFault, Endian, PartHeader, SignedSuperblock, Superblock};
use airlock::format::gvariant::{Value, View};
use airlock::format::{FormatError, Metadata};

use crate::delta::Stock;

/// A superblock of stock, with something done to its values.
fn superblock(change: impl FnOnce(&mut Vec<Value>)) -> Result<Superblock, FormatError> {
    let stock = Stock::read("delta-fallback").superblock;
    let view = View::parse(Superblock::TYPE, &stock).unwrap();
    let mut values: Vec<Value> = view.iter().map(Value::from_view).collect();
    change(&mut values);
    Superblock::decode(Value::tuple(values).bytes())
}

fn part_value(version: u32, objects: &[u8]) -> Value {
    let header = Value::tuple([
        Value::u32(version),
        Value::ay([0; 32]),
        Value::u64(0),
        Value::u64(0),
        Value::ay(objects),
    ]);
    Value::array(PartHeader::TYPE, [header])
}

#[test]
fn superblocks_that_are_at_fault() {
    assert!(superblock(|_| ()).is_ok());
    let mark = |byte: &Value| {
        let mut metadata = Metadata::new();
        metadata.insert(Endian::KEY, byte.clone());
        metadata.to_value()
    };
    let fallback = |kind: u8| {
        let entry = [
            Value::byte(kind),
            Value::ay([0; 32]),
            Value::u64(0),
            Value::u64(0),
        ];
        Value::array("(yaytt)", [Value::tuple(entry)])
    };
    let table: Vec<(&str, usize, Value, FormatError)> = vec![
        (
            "byte order not marked",
            0,
            Metadata::new().to_value(),
            DeltaFault::Endianness.into(),
        ),
        (
            "byte order unknown",
            0,
            mark(&Value::byte(b'b')),
            DeltaFault::Endianness.into(),
        ),
        (
            "byte order no byte",
            0,
            mark(&Value::str("l")),
            DeltaFault::Endianness.into(),
        ),
        (
            "from too short",
            2,
            Value::ay([0; 31]),
            FormatError::ChecksumLength(31),
        ),
        ("to empty", 3, Value::ay([]), FormatError::ChecksumLength(0)),
        (
            "to another commit",
            3,
            Value::ay([0; 32]),
            DeltaFault::WrongCommit.into(),
        ),
        (
            "prerequisites",
            5,
            Value::ay([0; 64]),
            DeltaFault::Prerequisites.into(),
        ),
        (
            "newer part",
            6,
            part_value(1, &[]),
            DeltaFault::PartVersion(1).into(),
        ),
        (
            "object list cut",
            6,
            part_value(0, &[1; 34]),
            DeltaFault::ObjectList.into(),
        ),
        (
            "tombstone in a part",
            6,
            part_value(0, &[5; 33]),
            DeltaFault::ObjectList.into(),
        ),
        (
            "directory as fallback",
            7,
            fallback(2),
            DeltaFault::FallbackKind.into(),
        ),
    ];
    for (name, index, value, want) in table {
        let error = superblock(|values| values[index] = value)
            .map(|_| ())
            .expect_err(name);
        assert_eq!(error, want, "{name}");
        assert_eq!(error.class(), Class::Corrupt, "{name}");
    }
}

#[test]
fn too_many_parts_are_not_even_looked_at() {
    let empty = Value::tuple([
        Value::u32(0),
        Value::ay([]),
        Value::u64(0),
        Value::u64(0),
        Value::ay([]),
    ]);
    let parts = Value::array(PartHeader::TYPE, vec![empty; 100_001]);
    let error = superblock(|values| values[6] = parts)
        .map(|_| ())
        .unwrap_err();
    let limit = 100_000;
    assert_eq!(
        error,
        DeltaFault::TooMany {
            what: "parts",
            limit
        }
        .into()
    );
}

#[test]
fn signed_forms_that_are_at_fault() {
    let good = crate::fixture::read("delta/inline-signed-dummy.delta");
    for bytes in [&good[..7], &good[..good.len() - 1], &good[8..]] {
        assert!(SignedSuperblock::decode(bytes).is_err());
    }
}
