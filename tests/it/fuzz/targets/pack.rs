//! What is inside a member, behind the digests: the zstd frame, and the tar of a pack.

use std::io::Read;
use std::rc::Rc;

use airlock::format::Checksum;

use crate::handmade::{Handmade, Part};

use super::bundle::read;

/// The input is the number of objects that the manifest announces, and an unpacked pack.
///
/// A pack that is accepted holds what a plain tar reader finds in it, as many objects as announced,
/// in order.
pub fn pack(data: &[u8]) -> bool {
    let Some((&count, pack)) = data.split_first() else {
        return false;
    };
    let name = "payload/0/objects-0.tar.zst";
    let bundle = holding(Part::zstd(name, pack, Some(count.into())));
    let Ok(seen) = read(&bundle.tar()) else {
        return false;
    };
    let mut archive = tar::Archive::new(pack);
    let entries = archive.entries().expect("it begins as a tar");
    let paths: Vec<String> = entries
        .map(|entry| {
            let entry = entry.expect("airlock found it");
            String::from_utf8_lossy(&entry.path_bytes()).into_owned()
        })
        .collect();
    assert_eq!(paths.len(), usize::from(count));
    assert!(paths.is_sorted_by(|a, b| a < b));
    for path in paths {
        let hex = path["objects/".len()..].replace(['/', '.'], "");
        let hex = hex.trim_end_matches("filez");
        let name = format!("object 0 {hex} ");
        assert!(seen.iter().any(|note| note.starts_with(&name)), "{name}");
    }
    true
}

/// The input is the size that the manifest announces, in three bytes, and a member's own bytes.
///
/// A member that is accepted unpacks to what the reference decoder makes of it, and to as many bytes
/// as announced.
pub fn zstd_member(data: &[u8]) -> bool {
    let Some((&[a, b, c], member)) = data.split_first_chunk() else {
        return false;
    };
    let announced = u32::from_be_bytes([0, a, b, c]);
    let bundle = holding(Part {
        unpacked: Some(announced.into()),
        ..Part::plain("payload/0/0.zst", member)
    });
    let Ok(seen) = read(&bundle.tar()) else {
        return false;
    };
    let content = zstd::decode_all(member).or_else(|_| bytewise(member));
    let content = content.expect("zstd takes it too");
    assert_eq!(content.len() as u64, u64::from(announced));
    let note = format!("part 0 0 {}", Checksum::of(&content));
    assert!(seen.contains(&note), "{seen:?}");
    true
}

/// Unpacks as if there was never room for a whole frame. The reference decoder holds a frame whose last
/// block is empty against the size in its header only when there is; airlock goes by the manifest.
fn bytewise(member: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::new(member)?;
    let (mut content, mut byte) = (Vec::new(), [0]);
    while decoder.read(&mut byte)? == 1 {
        content.extend(byte);
    }
    Ok(content)
}

/// A bundle with one member behind its superblock.
fn holding(member: Part) -> Handmade {
    let superblock = Part::plain("payload/0/superblock", b"the superblock");
    Handmade {
        members: vec![superblock, member],
        signature: b"-----BEGIN PGP SIGNATURE-----\n".to_vec(),
        edit: Rc::new(|_| ()),
    }
}
