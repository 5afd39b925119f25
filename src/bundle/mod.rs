//! Our own file: the bundle, one release or several on their way across the gap.
//!
//! ```text
//! NAME.airlock                      an uncompressed POSIX tar, members in exactly this order
//! ├── trust/1.json, trust/1.json.asc ...  optional: updates of the trust, by which the rest is judged
//! ├── manifest.json                 what is inside; its exact bytes are what is signed
//! ├── manifest.json.asc             detached OpenPGP signatures over those bytes, armored
//! ├── summary, summary.sig          optional: the repository index, signed before it left
//! ├── payload/
//! │   ├── 0/superblock              the spine of release 0: a stock static delta
//! │   ├── 0/0.zst  0/1.zst ...      its parts, one zstd frame each
//! │   ├── 0/objects-0.tar.zst ...   packs: whole objects, byte for byte as an archive holds them
//! │   └── 1/superblock ...          the next release
//! └── attachments/NAME ...              plain files that ride along, and are only ever extracted by name
//! ```
//!
//! The same members as plain files in a directory are the directory form.

mod attachment;
mod ident;
mod inventory;
mod manifest;
mod name;
mod read;
mod trust;
mod write;

pub use attachment::{AttachmentFault, AttachmentName, MAX_ATTACHMENTS};
pub use ident::{IdentFault, RepositoryId, SiteName};
pub use inventory::{Inventory, InventoryFault, MAX_INVENTORY};
pub use manifest::{
    ByteTotals, CHUNK_SIZE, MANIFEST_PREFIX, MAX_MANIFEST, MAX_MEMBER, MAX_PART, MAX_RELEASES,
    MAX_SUMMARY, MAX_SUMMARY_SIGNATURE, MAX_SUPERBLOCK, Manifest, ManifestFault, Member,
    MemberFault, ObjectTotals, Origin, Release, ReleaseFault, Rollback, Source, TrustPoint,
    strict_json,
};
pub use name::{Load, MANIFEST, MANIFEST_SIGNATURE, MAX_PIECES, MemberName, NameFault, Role};
pub use read::{
    Bundle, FilezObject, LargeFilez, MAX_SIGNATURES, MAX_WINDOW_LOG, PackFault, PayloadSink, Place,
    ReadError, StreamError, TarFault, TreeFault, VerifiedBundle, VolumeFault, arrange,
};
pub use trust::{MAX_TRUST_UPDATE, MAX_TRUST_UPDATES, TrustUpdate};
pub use write::{
    BundleWriter, Form, PackObject, Packed, PartSpool, RawPart, Reserve, Room, SealedBundle,
    Target, WriteError, WritePart, weigh_packs,
};
