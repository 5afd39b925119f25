//! Indexes and heads: the summary, the head of a delta, the index of deltas.

use airlock::format::delta::{DeltaName, SignedSuperblock, Superblock, SuperblockOutline};
use airlock::format::gvariant::Fault;
use airlock::format::{
    CollectionId, FormatError, RefName, Summary, decode_delta_index, encode_delta_index,
};

/// A summary that is read is written again byte for byte; its refs are refs, in order, and found.
pub fn summary(data: &[u8]) -> bool {
    let Ok(summary) = Summary::decode(data) else {
        return false;
    };
    assert_eq!(summary.encode(), data, "a second form of the summary");
    for entry in &summary.refs {
        RefName::new(entry.name.as_str()).expect("a ref's name");
        assert_eq!(summary.find(&entry.name), Some(entry));
    }
    assert!(summary.refs.is_sorted_by(|a, b| a.name < b.name));
    let map = summary.collection_map().expect("reading it checks this");
    for (collection, refs) in map {
        CollectionId::new(collection.as_str()).expect("a collection's id");
        assert!(refs.is_sorted_by(|a, b| a.name < b.name));
    }
    let _ = (summary.collection_id(), summary.static_deltas());
    let _ = (summary.last_modified(), summary.expires(), summary.mode());
    true
}

/// A superblock that is read, in either byte order and signed or not, is written again byte for
/// byte; it leads to the commit that is in it, and asking for what is inline never panics.
pub fn superblock(data: &[u8]) -> bool {
    assert_eq!(
        SignedSuperblock::is_signed(data),
        data.starts_with(b"OSTSGNDT")
    );
    if SignedSuperblock::is_signed(data) {
        let Ok(signed) = SignedSuperblock::decode(data) else {
            let outline = SuperblockOutline::read(&data, data.len() as u64);
            assert!(outline.is_err(), "only one reader refuses it");
            return false;
        };
        same_outline(data, &Superblock::decode(&signed.superblock));
        assert_eq!(signed.encode(), data, "a second form of the signed form");
        // Its superblock may be anything: whoever wants it reads it.
        let inside = signed.superblock;
        return !SignedSuperblock::is_signed(&inside) && superblock(&inside);
    }
    let decoded = Superblock::decode(data);
    same_outline(data, &decoded);
    let Ok(superblock) = decoded else {
        return false;
    };
    let written = superblock.encode().expect("its byte order was read");
    assert_eq!(written, data, "a second form of the superblock");
    assert_eq!(superblock.to(), superblock.commit.checksum());
    let _ = (superblock.commitmeta(), superblock.history());
    name(superblock.name());
    true
}

/// Reading a superblock where it is, its parts left there, comes to what reading it whole does; and
/// so does writing it so.
fn same_outline(data: &[u8], decoded: &Result<Superblock, FormatError>) {
    let outline = SuperblockOutline::read(&data, data.len() as u64);
    let (superblock, outline) = match (decoded, outline) {
        (Ok(superblock), Ok(outline)) => (superblock, outline),
        (Err(_), Err(_)) => return,
        // How deep and how intricate a value is counts from where reading it begins.
        (
            Err(FormatError::NotNormal {
                fault: Fault::Depth | Fault::Work,
                ..
            }),
            Ok(_),
        ) => return,
        (decoded, outline) => panic!("{:?}, {:?}", decoded.is_ok(), outline.map(|_| ())),
    };
    let (mut rest, name) = (superblock.clone(), superblock.name());
    assert_eq!(outline.inline.len(), superblock.parts.len());
    for (number, place) in outline.inline.iter().enumerate() {
        let part = place
            .clone()
            .map(|place| &data[place.start as usize..place.end as usize]);
        assert_eq!(part, superblock.inline_part(number), "part {number}");
        if part.is_some() {
            rest.metadata.remove(&name.part_path(number));
        }
    }
    assert_eq!(outline.superblock, rest);
    let mut written = Vec::new();
    outline
        .write_to(&data, &mut written)
        .expect("its parts are there");
    // Parts come last, in their order.
    let mut sorted = rest;
    for number in 0..superblock.parts.len() {
        let key = name.part_path(number);
        if let Some(part) = superblock
            .metadata
            .get(&key)
            .filter(|_| outline.inline[number].is_some())
        {
            sorted.metadata.insert(key, part.clone());
        }
    }
    assert_eq!(written, sorted.encode().expect("its byte order was read"));
}

/// A list of deltas that is read is, written and read again, the same list.
pub fn delta_index(data: &[u8]) -> bool {
    let Ok(mut listed) = decode_delta_index(data) else {
        return false;
    };
    let again = decode_delta_index(&encode_delta_index(&listed));
    let mut again = again.expect("airlock wrote it");
    listed.sort();
    again.sort();
    assert_eq!(again, listed);
    let some = !listed.is_empty();
    listed.into_iter().for_each(|(delta, _)| name(delta));
    some
}

/// A delta's name is read again from both of its spellings.
fn name(delta: DeltaName) {
    assert_eq!(delta.to_string().parse::<DeltaName>().ok(), Some(delta));
    let directory = delta.directory();
    let (first, rest) = directory
        .strip_prefix("deltas/")
        .and_then(|below| below.split_once('/'))
        .expect("two components");
    assert_eq!(DeltaName::from_path(first, rest).ok(), Some(delta));
}
