//! GVariant, the serialisation in which OSTree writes everything but file content.
//!
//! | type           | align | size  | bytes                                                          |
//! |----------------|-------|-------|----------------------------------------------------------------|
//! | `y` `b`        | 1     | 1     | a byte; a boolean is 0 or 1                                    |
//! | `n` `q`        | 2     | 2     | 16 bits, little-endian                                         |
//! | `i` `u` `h`    | 4     | 4     | 32 bits, little-endian                                         |
//! | `x` `t` `d`    | 8     | 8     | 64 bits, little-endian                                         |
//! | `s` `o` `g`    | 1     | –     | UTF-8 and one NUL                                              |
//! | `v`            | 8     | –     | the child, a NUL, the child's type                             |
//! | `aT`           | T     | –     | elements, padded; then their ends, unless T has a fixed size   |
//! | `mT`           | T     | –     | nothing, or the child (and a NUL, unless T has a fixed size)   |
//! | `(…)` `{KV}`   | max   | sum / – | members, padded; then the ends of variable members but the last, reversed |
//!
//! The ends ("framing offsets") are little-endian, counted from the start of their container, and
//! as wide as the container's own size needs: 1, 2, 4 or 8 bytes.
//!
//! GLib reads *any* bytes: where they make no sense it sees a default value. Two readers could
//! then see two contents under one checksum, so [`View::parse`] takes only **normal form**, the
//! bytes GLib itself would have written, and everything read through a [`View`] is in it.

mod far;
mod far_writer;
mod frame;
mod normal;
mod signature;
mod text;
mod value;
mod view;

pub(super) use far::Far;
pub use far::ReadAt;
pub(super) use far_writer::FarWriter;
pub use normal::Fault;
pub use signature::Signature;
pub use text::TextError;
pub use value::Value;
pub use view::View;
