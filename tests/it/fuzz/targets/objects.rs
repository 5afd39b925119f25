//! The metadata objects, and the header of a file.

use airlock::format::{
    Checksum, Codec, Commit, DirMeta, DirTree, Encoded, FileHeader, is_file_name,
};

/// What is read is written again byte for byte, and named by those bytes.
fn exact<T: Codec>(data: &[u8]) -> Option<T> {
    let decoded = Encoded::<T>::decode(data.to_vec()).ok()?;
    assert_eq!(decoded.bytes(), data);
    assert_eq!(decoded.checksum(), Checksum::of(data));
    let value = decoded.into_value();
    assert_eq!(value.encode(), data, "a second form of {}", T::WHAT);
    Some(value)
}

/// A commit that is read is written again byte for byte; asking for its bindings never panics.
pub fn commit(data: &[u8]) -> bool {
    let Some(commit) = exact::<Commit>(data) else {
        return false;
    };
    let _ = (commit.version(), commit.ref_binding());
    let _ = (commit.collection_binding(), commit.content_checksum());
    for key in ["ostree.gpgsigs", "ostree.sign.ed25519"] {
        let _ = commit.metadata.signatures(key);
    }
    true
}

/// A dirtree that is read is written again byte for byte; its names can be files', none is there
/// twice, and each is found.
pub fn dirtree(data: &[u8]) -> bool {
    let Some(tree) = exact::<DirTree>(data) else {
        return false;
    };
    for (name, file) in &tree.files {
        assert!(is_file_name(name), "{name:?}");
        assert_eq!((tree.file(name), tree.dir(name)), (Some(*file), None));
    }
    for (name, subtree, meta) in &tree.dirs {
        assert!(is_file_name(name), "{name:?}");
        assert_eq!(tree.dir(name), Some((*subtree, *meta)));
        assert_eq!(tree.file(name), None);
    }
    let again = DirTree::new(tree.files.clone(), tree.dirs.clone());
    assert_eq!(again.expect("it was read"), tree);
    true
}

/// A dirmeta that is read is written again byte for byte; what bare-user-only keeps of it is one too.
pub fn dirmeta(data: &[u8]) -> bool {
    let Some(meta) = exact::<DirMeta>(data) else {
        return false;
    };
    exact::<DirMeta>(&meta.canonical().encode()).expect("canonical is a dirmeta");
    true
}

/// A header that is read (of a content stream, of a `.filez`, or out of `user.ostreemeta`) is
/// written again byte for byte, and passes the checks that writing makes.
pub fn content_header(data: &[u8]) -> bool {
    let mut accepted = 0;
    if let Ok((header, end)) = FileHeader::parse_content_header(data) {
        assert_eq!(header.content_header(), data[..end]);
        header.check().expect("it was read");
        header.canonical().check().expect("canonical is a header");
        accepted += 1;
    }
    if let Ok((header, size, end)) = FileHeader::parse_zlib_header(data) {
        assert_eq!(header.zlib_header(size), data[..end]);
        header.check().expect("it was read");
        assert!(!header.is_symlink() || size == 0);
        accepted += 1;
    }
    if let Ok(is_symlink) = FileHeader::ostreemeta_is_symlink(data) {
        let target = is_symlink.then(|| "target".to_owned());
        if let Ok(header) = FileHeader::from_ostreemeta(data, target) {
            assert_eq!(header.ostreemeta(), data);
            assert_eq!(header.is_symlink(), is_symlink);
            accepted += 1;
        }
    }
    accepted > 0
}
