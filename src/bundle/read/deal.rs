//! The unpacking thread: takes members apart and deals their content to the workers.

use crossbeam_channel::{Sender, bounded};

use crate::bundle::{Load, Manifest, Member, MemberName, Role};

use super::engine::{Pass, Stop};
use super::gate::Permit;
use super::large::Incoming;
use super::pack::{Entry, PackReader};
use super::sink::PayloadSink;
use super::spare::Spare;
use super::unpack::{Inlet, MemberStream, Unpacked};
use super::worker::{Batch, Job, Task, Urgent};

/// Objects are dealt in batches of about this many bytes.
const BATCH: usize = 1 << 20;
/// A batch that is to be larger for the sake of one object is no larger than this.
const MAX_BATCH: usize = 8 * BATCH;
/// A batch is somewhat larger, for it ends with the object that fills it.
const BATCH_ROOM: usize = BATCH + BATCH / 4;
/// What takes a worker so much longer than others do is begun before they are.
const LONG: usize = 4 * BATCH;
/// Objects whose stored bytes are more than this are streamed.
const WHOLE: u64 = 16 << 20;
/// How much of a streamed object is handed on at once, and how many such pieces wait.
const PIECE: usize = 1 << 20;
const PIECES_AHEAD: usize = 4;
/// Memory of one streamed object on its way: its pieces and its buffers.
const LARGE_COST: u64 = 8 << 20;
/// A part is in memory once; what is made of it passes through in pieces.
const PIECES_OF_PART: u64 = 4 << 20;

/// Deals the members of a bundle to the workers.
pub(super) struct Dealer<'p, 'a, S: PayloadSink> {
    pass: &'p Pass<'a, S>,
    inlet: Inlet,
    jobs: Sender<Job<'a>>,
    urgent: &'p Urgent<'a>,
}

impl<'p, 'a, S: PayloadSink> Dealer<'p, 'a, S> {
    pub(super) fn new(
        pass: &'p Pass<'a, S>,
        inlet: Inlet,
        jobs: Sender<Job<'a>>,
        urgent: &'p Urgent<'a>,
    ) -> Self {
        Dealer {
            pass,
            inlet,
            jobs,
            urgent,
        }
    }

    /// Takes apart every member in order and waits until all of it is done.
    pub(super) fn deal(self, manifest: &Manifest) -> Result<(), Stop> {
        let mut summary = Vec::new();
        let mut spine: Option<usize> = None;
        for pieces in manifest.members.chunk_by(|a, b| a.name.role == b.name.role) {
            let Some(first) = pieces.first() else {
                continue;
            };
            match first.name.role {
                Role::Summary => summary = self.plain(first)?,
                Role::SummarySignature => {
                    let signature = self.plain(first)?;
                    self.pass.sunk(
                        self.pass
                            .sink
                            .summary(&std::mem::take(&mut summary), &signature),
                    )?;
                }
                // Its chunks are checked as all are; nobody but `extract` looks at it.
                Role::Attachment(_) => {
                    self.end_spine(&mut spine)?;
                    self.pass
                        .bundle(MemberStream::new(&self.inlet, 1).pass_over())?;
                }
                Role::Payload { release, load } => {
                    let release = release as usize;
                    if !matches!(load, Load::Part(_)) {
                        self.end_spine(&mut spine)?;
                    }
                    match load {
                        Load::Superblock => {
                            self.superblock(release, first)?;
                            spine = Some(release);
                        }
                        Load::Part(part) => self.part(release, part as usize, first)?,
                        Load::Pack(_) => self.pack(release, first, pieces.len())?,
                    }
                }
            }
        }
        self.end_spine(&mut spine)?;
        self.wait()?;
        self.pass.bundle(self.inlet.end())
    }

    /// Waits until everything dealt so far is done.
    fn wait(&self) -> Result<(), Stop> {
        self.pass.gate.drain();
        if self.pass.is_stopped() {
            Err(Stop)
        } else {
            Ok(())
        }
    }

    /// Tells the sink that the parts of a release are done, if that was not told.
    fn end_spine(&self, spine: &mut Option<usize>) -> Result<(), Stop> {
        let Some(release) = spine.take() else {
            return Ok(());
        };
        self.wait()?;
        self.pass.sunk(self.pass.sink.spine(release))
    }

    fn plain(&self, member: &Member) -> Result<Vec<u8>, Stop> {
        self.pass
            .bundle(MemberStream::new(&self.inlet, 1).read_whole(member.size))
    }

    fn superblock(&self, release: usize, member: &Member) -> Result<(), Stop> {
        let bytes = self.plain(member)?;
        self.wait()?;
        self.pass.sunk(self.pass.sink.superblock(release, &bytes))
    }

    fn part(&self, release: usize, part: usize, member: &Member) -> Result<(), Stop> {
        let expected = member.unpacked.unwrap_or(0);
        let permit = self
            .pass
            .gate
            .enter(expected.saturating_add(PIECES_OF_PART));
        let bytes = self.unpacked(member, 1).and_then(|mut stream| {
            let mut bytes = vec![0; usize::try_from(expected).unwrap_or(0)];
            stream.fill(&mut bytes)?;
            stream.end().map(|()| bytes)
        });
        let task = Task::Part(part, self.pass.bundle(bytes)?);
        self.send(Job {
            release,
            task,
            permit,
        })
    }

    fn unpacked(&self, member: &Member, pieces: usize) -> Result<Unpacked<'_>, super::ReadError> {
        let stream = MemberStream::new(&self.inlet, pieces);
        Unpacked::new(stream, member.name, member.unpacked.unwrap_or(0))
    }

    fn pack(&self, release: usize, member: &Member, pieces: usize) -> Result<(), Stop> {
        let pass = self.pass;
        let stream = pass.bundle(self.unpacked(member, pieces))?;
        let mut reader = PackReader::new(stream, member.name, member.objects.unwrap_or(0));
        let mut table = Table {
            release,
            member: member.name,
            batch: None,
        };
        while let Some(entry) = pass.bundle(reader.next())? {
            self.entry(&mut reader, &mut table, &entry)?;
            pass.bundle(reader.end_entry(entry.size))?;
        }
        self.flush(&mut table)?;
        pass.bundle(reader.end())
    }

    /// Deals one object, in a batch or as a stream.
    fn entry(
        &self,
        reader: &mut PackReader<'_>,
        table: &mut Table<'a>,
        entry: &Entry,
    ) -> Result<(), Stop> {
        if self.pass.is_stopped() {
            return Err(Stop);
        }
        let cost = entry.size;
        if cost > WHOLE {
            self.flush(table)?;
            return self.large(reader, table, entry);
        }
        let permit = match self.pass.gate.try_enter(cost) {
            Some(permit) => permit,
            // The batch holds a permit that is given back only after it was dealt.
            None => {
                self.flush(table)?;
                self.pass.gate.enter(cost)
            }
        };
        let room = table.add(permit, entry, &self.pass.spare);
        self.pass.bundle(reader.fill(room))?;
        if table.is_full() {
            self.flush(table)
        } else {
            Ok(())
        }
    }

    fn flush(&self, table: &mut Table<'a>) -> Result<(), Stop> {
        let Some((batch, permit)) = table.batch.take() else {
            return Ok(());
        };
        let release = table.release;
        let long = batch.filled() > LONG;
        let job = Job {
            release,
            task: Task::Objects(batch),
            permit,
        };
        if long {
            self.urgent.put(job);
            self.call_for_it(release);
            return Ok(());
        }
        self.send(job)
    }

    /// Deals an object piece by piece, while a worker inflates it.
    fn large(
        &self,
        reader: &mut PackReader<'_>,
        table: &Table<'a>,
        entry: &Entry,
    ) -> Result<(), Stop> {
        let permit = self.pass.gate.enter(LARGE_COST);
        let (sender, pieces) = bounded(PIECES_AHEAD);
        let Table {
            release, member, ..
        } = *table;
        let incoming = Incoming {
            member,
            name: entry.name,
            stored_len: entry.size,
            pieces,
        };
        self.urgent.put(Job {
            release,
            task: Task::Large(incoming),
            permit,
        });
        self.call_for_it(release);
        let mut left = entry.size;
        while left > 0 {
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            if self.pass.is_stopped() {
                return Err(Stop);
            }
            self.pass.bundle(reader.fill(&mut piece))?;
            left = left.saturating_sub(piece.len() as u64);
            // A worker that does not listen has failed, or the sink did and the pass is over.
            sender.send(piece).map_err(|_| Stop)?;
        }
        Ok(())
    }

    /// Wakes a worker that waits for a job; where the queue is full none does, and each looks for
    /// what is urgent before its next job.
    fn call_for_it(&self, release: usize) {
        let call = Job {
            release,
            task: Task::Look,
            permit: self.pass.gate.enter(0),
        };
        drop(self.jobs.try_send(call));
    }

    fn send(&self, job: Job<'a>) -> Result<(), Stop> {
        self.jobs.send(job).map_err(|_| Stop)
    }
}

/// The batch that objects are being added to.
struct Table<'a> {
    release: usize,
    member: MemberName,
    batch: Option<(Batch, Permit<'a>)>,
}

impl<'a> Table<'a> {
    /// Makes room for an object.
    fn add(&mut self, permit: Permit<'a>, entry: &Entry, spare: &Spare) -> &mut [u8] {
        let batch = match &mut self.batch {
            Some((batch, held)) => {
                held.join(permit);
                batch
            }
            none => {
                let bytes = spare.take(BATCH_ROOM);
                let batch = Batch {
                    member: self.member,
                    bytes,
                    objects: Vec::new(),
                    largest: 0,
                };
                &mut none.insert((batch, permit)).0
            }
        };
        let start = batch.filled();
        // The size is that of an object which is small enough to be held whole.
        let end = start + usize::try_from(entry.size).unwrap_or(0);
        batch.objects.push((entry.name, start..end));
        batch.largest = batch.largest.max(end - start);
        if batch.bytes.len() < end {
            batch.bytes.resize(end, 0);
        }
        batch.bytes.get_mut(start..end).unwrap_or_default()
    }

    /// Tells whether the batch is to be dealt: a worker goes faster through two objects at a time, so
    /// a large one needs company.
    fn is_full(&self) -> bool {
        self.batch
            .as_ref()
            .is_some_and(|(batch, _)| batch.filled() >= (2 * batch.largest).clamp(BATCH, MAX_BATCH))
    }
}
