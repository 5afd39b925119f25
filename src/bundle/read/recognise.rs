//! Puts the volumes of a bundle in order, whatever order and names they came in.
//!
//! All volumes but the last have the size of the first, and the manifest names the digest of every
//! chunk. So for each place there is a *probe*, a chunk that lies wholly in it, and the file whose
//! bytes match that chunk is the volume. One whose name and size say where it belongs may be damaged
//! just there, so the last chunk in its place speaks for it as well; what is bad in it is named when it
//! is read. A volume too small to hold a whole chunk is taken by the number in its name, and checked by
//! a chunk it shares with its neighbours.

use std::ops::Range;
use std::path::Path;

use crate::bundle::{Manifest, Member, MemberName};
use crate::format::Checksum;

use super::error::{Place, ReadError};
use super::fault::VolumeFault;
use super::layout::{Layout, chunk_range};
use super::volumes::{Volume, Volumes};

/// The most volumes, for their names have three digits.
const MAX_VOLUMES: u64 = 999;

/// A chunk by which a volume is known: where it lies in the archive and in its member, and its digest.
struct Probe {
    range: Range<u64>,
    digest: Checksum,
    member: MemberName,
    bytes: Range<u64>,
}

/// Orders `first` and `others`; names the file that is foreign, repeated or too short, or the
/// volume that is missing.
pub(super) fn recognise(
    first: Volume,
    others: Vec<Volume>,
    manifest: &Manifest,
    layout: &Layout,
) -> Result<Volumes, ReadError> {
    let places = Places {
        layout,
        members: &manifest.members,
        size: first.size,
    };
    places.check_first(&first, &others)?;
    let mut found: Vec<Option<Volume>> = vec![Some(first)];
    found.resize_with(places.count(), || None);
    let mut spare = others;
    for (place, slot) in found.iter_mut().enumerate().skip(1) {
        let chosen = places.choose(place, &spare)?;
        *slot = chosen.map(|index| spare.swap_remove(index));
    }
    if let Some(extra) = spare.into_iter().min_by_key(|volume| number(&volume.path)) {
        return Err(places.explain(&extra, &found)?);
    }
    let of = found.len();
    if let Some(missing) = found.iter().position(Option::is_none) {
        return Err(ReadError::Volume(VolumeFault::Missing {
            number: missing + 1,
            of,
        }));
    }
    let volumes = Volumes::new(found.into_iter().flatten().collect());
    places.check_shared(&volumes)?;
    Ok(volumes)
}

/// Returns the number that a volume's name ends in: 3 for `NAME.airlock.003`.
pub(super) fn number(path: &Path) -> Option<usize> {
    let digits = path.extension()?.to_str()?;
    let plain = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|&n| plain && n > 0)
}

/// The places that volumes have in the archive.
struct Places<'a> {
    layout: &'a Layout,
    members: &'a [Member],
    /// The size of every volume but the last.
    size: u64,
}

impl Places<'_> {
    fn count(&self) -> usize {
        usize::try_from(self.layout.total().div_ceil(self.size.max(1))).unwrap_or(usize::MAX)
    }

    fn range(&self, place: usize) -> Range<u64> {
        let start = (place as u64).saturating_mul(self.size);
        start..start.saturating_add(self.size).min(self.layout.total())
    }

    /// Names the first volume where it is the one that was cut short, since the others are measured by it.
    fn check_first(&self, first: &Volume, others: &[Volume]) -> Result<(), ReadError> {
        let total = self.layout.total();
        let largest = others.iter().map(|volume| volume.size).max().unwrap_or(0);
        let at_least = total.div_ceil(MAX_VOLUMES);
        let cut = largest > first.size && total.div_ceil(largest) == others.len() as u64 + 1;
        if !cut && first.size >= at_least {
            return Ok(());
        }
        let expected = largest.max(at_least);
        Err(ReadError::Length {
            path: first.path.clone(),
            expected,
            actual: first.size,
        })
    }

    /// Returns the chunks that touch `range`, in order.
    fn chunks(&self, range: Range<u64>) -> impl Iterator<Item = Probe> {
        let members = self
            .members
            .iter()
            .enumerate()
            .skip(self.layout.member_at(range.start));
        let end = range.end;
        members
            .take_while(move |(index, _)| self.layout.data(*index) < end)
            .flat_map(|(index, member)| {
                let data = self.layout.data(index);
                member
                    .chunks
                    .iter()
                    .enumerate()
                    .map(move |(chunk, digest)| {
                        let bytes = chunk_range(member, chunk);
                        Probe {
                            range: data + bytes.start..data + bytes.end,
                            digest: *digest,
                            member: member.name,
                            bytes,
                        }
                    })
            })
            .filter(move |probe| probe.range.start < range.end && range.start < probe.range.end)
    }

    /// Returns the chunks that lie wholly in a place.
    fn probes(&self, place: usize) -> impl Iterator<Item = Probe> {
        let range = self.range(place);
        self.chunks(range.clone())
            .filter(move |p| range.start <= p.range.start && p.range.end <= range.end)
    }

    /// Returns the first chunk that lies wholly in a place.
    fn probe(&self, place: usize) -> Option<Probe> {
        self.probes(place).next()
    }

    /// Returns which of `spare` belongs in `place`, trying first the one whose name says so.
    fn choose(&self, place: usize, spare: &[Volume]) -> Result<Option<usize>, ReadError> {
        let by_name = spare
            .iter()
            .position(|volume| number(&volume.path) == Some(place + 1));
        if self.probe(place).is_none() {
            let fits = |&index: &usize| spare.get(index).is_some_and(|v| self.fits(v, place));
            return Ok(by_name.filter(fits).or_else(|| self.only_fit(place, spare)));
        }
        for index in by_name.into_iter().chain(0..spare.len()) {
            if let Some(volume) = spare.get(index)
                && self.matches(volume, place)?
            {
                return Ok(Some(index));
            }
        }
        if let Some(index) = by_name
            && let Some(volume) = spare.get(index)
            && let Some(last) = self.probes(place).last()
            && self.holds(volume, place, &last)?
        {
            return Ok(Some(index));
        }
        Ok(None)
    }

    fn fits(&self, volume: &Volume, place: usize) -> bool {
        let range = self.range(place);
        volume.size == range.end - range.start
    }

    /// Returns the one volume without a number in its name that has the right size.
    fn only_fit(&self, place: usize, spare: &[Volume]) -> Option<usize> {
        let unnumbered =
            |volume: &Volume| number(&volume.path).is_none() && self.fits(volume, place);
        let mut fits = spare
            .iter()
            .enumerate()
            .filter(|(_, volume)| unnumbered(volume));
        fits.next()
            .map(|(index, _)| index)
            .filter(|_| fits.next().is_none())
    }

    /// Returns whether a volume has the size and the probe of a place.
    fn matches(&self, volume: &Volume, place: usize) -> Result<bool, ReadError> {
        match self.probe(place) {
            Some(probe) => self.holds(volume, place, &probe),
            None => Ok(false),
        }
    }

    /// Returns whether a volume has the size of a place, and in it this chunk.
    fn holds(&self, volume: &Volume, place: usize, probe: &Probe) -> Result<bool, ReadError> {
        if !self.fits(volume, place) {
            return Ok(false);
        }
        let start = self.range(place).start;
        let mut bytes = vec![0; (probe.range.end - probe.range.start) as usize];
        volume.read_at(&mut bytes, probe.range.start - start)?;
        Ok(Checksum::of(&bytes) == probe.digest)
    }

    /// Says why a file has no place.
    fn explain(&self, extra: &Volume, found: &[Option<Volume>]) -> Result<ReadError, ReadError> {
        let path = extra.path.clone();
        for (place, volume) in found.iter().enumerate() {
            let Some(volume) = volume else {
                match number(&path) == Some(place + 1) {
                    true => return Ok(self.explain_named(extra, place)),
                    false => continue,
                }
            };
            if extra.is_same_file(volume) || self.matches(extra, place)? {
                let first = volume.path.clone();
                return Ok(ReadError::Volume(VolumeFault::Repeated { path, first }));
            }
        }
        Ok(ReadError::Volume(VolumeFault::Foreign { path }))
    }

    /// Says why a file is not the volume that its name says it is.
    fn explain_named(&self, extra: &Volume, place: usize) -> ReadError {
        let (path, range) = (extra.path.clone(), self.range(place));
        match self.probe(place).filter(|_| self.fits(extra, place)) {
            Some(probe) => ReadError::Volume(VolumeFault::Differs {
                path,
                bytes: probe.range.start - range.start..probe.range.end - range.start,
            }),
            None => ReadError::Length {
                path,
                expected: range.end - range.start,
                actual: extra.size,
            },
        }
    }

    /// Checks each volume that was taken by its name by one chunk that it shares.
    fn check_shared(&self, volumes: &Volumes) -> Result<(), ReadError> {
        for place in (1..self.count()).filter(|&place| self.probe(place).is_none()) {
            let Some(probe) = self.chunks(self.range(place)).next() else {
                continue;
            };
            let mut bytes = vec![0; (probe.range.end - probe.range.start) as usize];
            volumes.read_at(&mut bytes, probe.range.start)?;
            if Checksum::of(&bytes) != probe.digest {
                // Any of the volumes that share it may be the wrong one, or the damaged one.
                let (files, offset) = volumes.locate(&probe.range);
                let place = Place {
                    member: Box::new(probe.member),
                    bytes: probe.bytes,
                    files,
                    offset,
                };
                return Err(ReadError::Chunk { place });
            }
        }
        Ok(())
    }
}
