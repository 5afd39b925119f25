//! File objects as archives store them: our own inflater against that of a stream decoder.

use std::io::Read;

use airlock::format::FileHeader;
use airlock::format::filez::{Checker, FilezReader};

/// The content that is compared; a few bytes may announce, and yield, far more.
const MAX_CONTENT: u64 = 4 << 20;

/// The check of an object in memory and the reader of one of any size accept the same objects with
/// the same content, which is what flate2 makes of them, has the size that the header says and the
/// name that is reported; what was accepted stops being an object when it is cut or goes on.
pub fn filez(data: &[u8]) -> bool {
    let Ok((header, size, start)) = FileHeader::parse_zlib_header(data) else {
        assert!(Checker::new().check(data).is_err());
        assert!(FilezReader::open(data).is_err());
        return false;
    };
    if size > MAX_CONTENT {
        return false;
    }
    let mut checker = Checker::new();
    let mut content = Vec::new();
    let checked = checker.check_with(data, |piece| content.extend_from_slice(piece));
    let streamed = stream(data);
    let Ok(info) = checked else {
        assert!(streamed.is_none(), "only the stream reader accepts it");
        return false;
    };
    let (streamed, name) = streamed.expect("only the checker accepts it");
    assert_eq!((content.len() as u64, info.size), (size, size));
    assert_eq!(content, streamed);
    assert_eq!(info.header, header);
    assert_eq!(name, info.checksum);
    assert_eq!(header.content_checksum(&content), info.checksum);
    if !header.is_symlink() {
        assert_eq!(inflate(&data[start..]), content);
    }
    assert!(checker.check(&[data, b"\0"].concat()).is_err());
    assert!(checker.check(&data[..data.len() - 1]).is_err());
    // The same memory once more: nothing of one object is left for the next.
    assert_eq!(checker.check(data).expect("it was accepted"), info);
    true
}

fn stream(data: &[u8]) -> Option<(Vec<u8>, airlock::format::Checksum)> {
    let mut reader = FilezReader::open(data).ok()?.hashed();
    let mut content = Vec::new();
    reader.read_to_end(&mut content).ok()?;
    Some((content, reader.finish().ok()?.checksum))
}

fn inflate(deflate: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut reference = flate2::read::DeflateDecoder::new(deflate);
    reference
        .read_to_end(&mut content)
        .expect("flate2 takes it too");
    content
}
