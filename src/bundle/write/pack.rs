//! Packs: tars of whole objects in zstd frames, made by all cores and written by one.
//!
//! ```text
//! objects-0.tar.zst = frame frame frame ... frame      each frame is independent;
//! a batch of small objects is one frame                `zstd -d` joins them
//! a large object is as many as it takes, 1 MiB each
//! the two blocks that end the tar are the last one
//! ```

use std::io::{self, Write};

use zstd::bulk::Compressor;

use super::member::OpenMember;
use super::object::{Reader, Sizes};
use super::pipeline::{self, Outlet};
use super::plan::{Job, jobs};
use super::{BundleWriter, PackObject, WriteError, ustar};
use crate::bundle::MemberName;
use crate::repo::Repo;
use crate::{Event, Observer, Stage};

/// The level at which already deflated objects cost least: their tar headers still shrink.
const LEVEL: i32 = 1;
/// How much of a large object becomes one frame.
const FRAME: usize = 1 << 20;

/// What went into the packs of a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// How many objects.
    pub objects: u64,
    /// Their bytes as an archive repository stores them.
    pub stored: u64,
    /// Their bytes as a checkout would hold them.
    pub content: u64,
}

/// What a job sends: a frame of the pack, and what was completed in it.
#[derive(Default)]
struct Piece {
    frame: Vec<u8>,
    unpacked: u64,
    packed: Packed,
    ends_pack: bool,
}

/// What a worker keeps between jobs.
struct Tools<'r> {
    reader: Reader<'r>,
    compressor: Compressor<'static>,
    tar: Vec<u8>,
}

impl BundleWriter {
    /// Adds the packs of a release: all the given objects, which are sorted by name, each checked
    /// against its name while it is read.
    pub fn packs(
        &mut self,
        release: u32,
        repo: &Repo,
        objects: &[PackObject],
        observer: &dyn Observer,
    ) -> Result<Packed, WriteError> {
        let mut number = 0;
        let mut total = Packed::default();
        let mut open: Option<OpenPack> = None;
        let take = |piece: Piece| {
            let mut pack = match open.take() {
                Some(pack) => pack,
                None => {
                    number += 1;
                    OpenPack::begin(self, MemberName::pack(release, number - 1))?
                }
            };
            pack.take(self, &piece)?;
            total.add(piece.packed);
            observer.event(Event::Advance {
                stage: Stage::Pack,
                by: piece.packed.stored,
            });
            match piece.ends_pack {
                true => pack.end(self)?,
                false => open = Some(pack),
            }
            Ok(())
        };
        each(repo, objects, take)?;
        Ok(total)
    }
}

/// Returns how many bytes these objects take in packs, each checked while it is read.
pub fn weigh_packs(repo: &Repo, objects: &[PackObject]) -> Result<u64, WriteError> {
    let mut bytes = 0;
    each(repo, objects, |piece| {
        bytes += piece.frame.len() as u64;
        Ok(())
    })?;
    Ok(bytes)
}

/// Makes the frames of packs on all cores, and hands them on in their order.
fn each(
    repo: &Repo,
    objects: &[PackObject],
    take: impl FnMut(Piece) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    pipeline::in_order(
        pipeline::workers(),
        jobs(objects).into_iter(),
        || Tools::new(repo),
        |tools: &mut Tools<'_>, job, outlet: &_| tools.run(&job, outlet),
        take,
    )
}

impl<'r> Tools<'r> {
    fn new(repo: &'r Repo) -> Result<Tools<'r>, WriteError> {
        let compressor = Compressor::new(LEVEL).map_err(WriteError::Compress)?;
        Ok(Tools {
            reader: Reader::new(repo),
            compressor,
            tar: Vec::new(),
        })
    }

    fn run(&mut self, job: &Job<'_>, outlet: &Outlet<Piece, WriteError>) -> Result<(), WriteError> {
        match job {
            Job::Batch(objects) => self.batch(objects, outlet),
            Job::Large(object) => self.large(object, outlet),
            Job::End => {
                let frame = self
                    .compressor
                    .compress(&ustar::END)
                    .map_err(WriteError::Compress)?;
                let unpacked = ustar::END.len() as u64;
                let piece = Piece {
                    frame,
                    unpacked,
                    ends_pack: true,
                    ..Piece::default()
                };
                outlet.send(piece).map_err(WriteError::Compress)
            }
        }
    }

    fn batch(
        &mut self,
        objects: &[PackObject],
        outlet: &Outlet<Piece, WriteError>,
    ) -> Result<(), WriteError> {
        self.tar.clear();
        let mut packed = Packed::default();
        for object in objects {
            packed.count(self.reader.append(object, &mut self.tar)?);
        }
        let frame = self
            .compressor
            .compress(&self.tar)
            .map_err(WriteError::Compress)?;
        let unpacked = self.tar.len() as u64;
        outlet
            .send(Piece {
                frame,
                unpacked,
                packed,
                ends_pack: false,
            })
            .map_err(WriteError::Compress)
    }

    fn large(
        &mut self,
        object: &PackObject,
        outlet: &Outlet<Piece, WriteError>,
    ) -> Result<(), WriteError> {
        let Tools {
            reader,
            compressor,
            tar,
        } = self;
        tar.clear();
        let mut frames = Frames {
            compressor,
            tar,
            outlet,
        };
        let mut packed = Packed::default();
        packed.count(reader.stream(object, &mut frames)?);
        frames.send(packed).map_err(WriteError::Compress)
    }
}

/// Cuts what is written to it into frames, and sends them on.
struct Frames<'a> {
    compressor: &'a mut Compressor<'static>,
    tar: &'a mut Vec<u8>,
    outlet: &'a Outlet<Piece, WriteError>,
}

impl Frames<'_> {
    fn send(&mut self, packed: Packed) -> io::Result<()> {
        let frame = self.compressor.compress(self.tar)?;
        let unpacked = self.tar.len() as u64;
        self.tar.clear();
        self.outlet.send(Piece {
            frame,
            unpacked,
            packed,
            ends_pack: false,
        })
    }
}

impl Write for Frames<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.tar.len() >= FRAME {
            self.send(Packed::default())?;
        }
        let room = FRAME - self.tar.len();
        let now = room.min(bytes.len());
        self.tar.extend_from_slice(&bytes[..now]);
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Packed {
    fn count(&mut self, sizes: Sizes) {
        let Sizes { stored, content } = sizes;
        self.add(Packed {
            objects: 1,
            stored,
            content,
        });
    }

    fn add(&mut self, more: Packed) {
        self.objects += more.objects;
        self.stored += more.stored;
        self.content += more.content;
    }
}

/// A pack being written, and how much is in it.
struct OpenPack {
    member: OpenMember,
    unpacked: u64,
    objects: u64,
}

impl OpenPack {
    fn begin(writer: &mut BundleWriter, name: MemberName) -> Result<OpenPack, WriteError> {
        Ok(OpenPack {
            member: writer.begin(name)?,
            unpacked: 0,
            objects: 0,
        })
    }

    fn take(&mut self, writer: &mut BundleWriter, piece: &Piece) -> Result<(), WriteError> {
        self.unpacked += piece.unpacked;
        self.objects += piece.packed.objects;
        self.member.write(writer, &piece.frame)
    }

    fn end(self, writer: &mut BundleWriter) -> Result<(), WriteError> {
        self.member
            .end(writer, Some(self.unpacked), Some(self.objects))
    }
}
