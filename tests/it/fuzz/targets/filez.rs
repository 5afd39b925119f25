//! File objects as archives store them: our own inflater against zlib's.

use std::io::Read;

use airlock::format::FileHeader;
use airlock::format::filez::{Checker, FilezReader};
use flate2::{Decompress, FlushDecompress, Status};

/// The content that is compared; a few bytes may announce, and yield, far more.
const MAX_CONTENT: u64 = 4 << 20;

/// The check of an object in memory and the reader of one of any size accept the same objects with
/// the same content: those that zlib accepts, with what it makes of them. It has the size that the
/// header says and the name that is reported; what was accepted stops being an object when it is cut
/// or goes on.
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
    let by_zlib = match header.is_symlink() {
        true => data[start..].is_empty().then(Vec::new),
        false => by_zlib(&data[start..], size),
    };
    let Ok(info) = checked else {
        assert!(streamed.is_none(), "only the stream reader accepts it");
        assert!(by_zlib.is_none(), "only zlib accepts it");
        return false;
    };
    let (streamed, name) = streamed.expect("only the checker accepts it");
    assert_eq!(content, by_zlib.expect("zlib does not accept it"));
    assert_eq!((content.len() as u64, info.size), (size, size));
    assert_eq!(content, streamed);
    assert_eq!(info.header, header);
    assert_eq!(name, info.checksum);
    assert_eq!(header.content_checksum(&content), info.checksum);
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

/// Returns the content of a stream that zlib accepts, if it has this size and nothing follows it.
pub fn by_zlib(deflate: &[u8], size: u64) -> Option<Vec<u8>> {
    // Room for one byte more, so that it can be too long.
    let mut content = Vec::with_capacity(size as usize + 1);
    let mut stream = Decompress::new(false);
    let status = stream.decompress_vec(deflate, &mut content, FlushDecompress::Finish);
    let is_all = stream.total_in() == deflate.len() as u64 && content.len() as u64 == size;
    (status.ok()? == Status::StreamEnd && is_all).then_some(content)
}
