//! The workers: each object is checked against its name before the sink sees it.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;

use crate::bundle::MemberName;
use crate::format::Checksum;
use crate::format::filez::{Checked, PairChecker, announced_size};

use super::engine::{Pass, Stop};
use super::error::ReadError;
use super::gate::Permit;
use super::large::{Incoming, LargeFilez};
use super::sink::{FilezObject, PayloadSink};

/// Something a worker does; the permit is given back when it is done.
pub(super) struct Job<'a> {
    pub(super) release: usize,
    pub(super) task: Task,
    pub(super) permit: Permit<'a>,
}

/// What is to be done.
pub(super) enum Task {
    /// A part of the spine.
    Part(usize, Vec<u8>),
    /// Objects that fit in memory.
    Objects(Batch),
    /// An object that does not.
    Large(Incoming),
    /// Look at what is [`Urgent`].
    Look,
}

/// Large objects, which go before whatever else waits.
///
/// The unpacking thread hands the largest on as fast as one worker takes them. Behind other jobs, any
/// of them would be begun when nothing is left for the other workers to do.
#[derive(Default)]
pub(super) struct Urgent<'a>(Mutex<Vec<Job<'a>>>);

impl<'a> Urgent<'a> {
    /// Puts a job before all others.
    pub(super) fn put(&self, job: Job<'a>) {
        self.jobs().push(job);
    }

    fn take(&self) -> Option<Job<'a>> {
        self.jobs().pop()
    }

    fn jobs(&self) -> MutexGuard<'_, Vec<Job<'a>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Objects that lie in one buffer, whose rest means nothing.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) member: MemberName,
    pub(super) bytes: Vec<u8>,
    pub(super) objects: Vec<(Checksum, Range<usize>)>,
    /// How many bytes the largest of them takes.
    pub(super) largest: usize,
}

impl Batch {
    /// Returns where the last object ends.
    pub(super) fn filled(&self) -> usize {
        self.objects.last().map_or(0, |(_, range)| range.end)
    }
}

/// More content than this is not kept for the sink; there may be twice as much in each worker.
const MAX_CONTENT: u64 = 8 << 20;

/// Does jobs until there are no more; after a failure, only takes them from the queue.
pub(super) fn work<'a, S: PayloadSink>(
    pass: &Pass<'_, S>,
    queue: &Receiver<Job<'a>>,
    urgent: &Urgent<'a>,
) {
    let mut checker = PairChecker::keeping(pass.sink.wants_content().then_some(MAX_CONTENT));
    for job in queue {
        while let Some(job) = urgent.take() {
            do_job(pass, job, &mut checker);
        }
        do_job(pass, job, &mut checker);
    }
}

fn do_job<S: PayloadSink>(pass: &Pass<'_, S>, job: Job<'_>, checker: &mut PairChecker) {
    let Job {
        release,
        task,
        permit,
    } = job;
    if !pass.is_stopped() {
        // The reason has been noted where it arose.
        let _: Result<(), Stop> = run(pass, release, task, checker);
    }
    drop(permit);
}

fn run<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    task: Task,
    checker: &mut PairChecker,
) -> Result<(), Stop> {
    match task {
        Task::Part(part, bytes) => pass.sunk(pass.sink.part(release, part, bytes)),
        Task::Objects(mut batch) => {
            // The largest first, or it would be alone at the end, which takes longer.
            let stored = |(_, range): &(Checksum, Range<usize>)| Reverse(range.len());
            batch.objects.sort_by_key(stored);
            // The ranges were made together with the buffer.
            let bytes = |range: &Range<usize>| batch.bytes.get(range.clone()).unwrap_or_default();
            let objects = batch.objects.iter();
            let objects = objects.map(|(name, range)| (name, bytes(range)));
            for size in objects
                .clone()
                .filter_map(|(_, stored)| announced_size(stored))
            {
                pass.sunk(pass.sink.admit(release, size))?;
            }
            let objects = objects.map(|(name, stored)| ((name, stored), stored));
            let member = batch.member;
            let done = checker.check_all(objects, |checked| whole(pass, release, member, checked));
            pass.spare.put(batch.bytes);
            done
        }
        Task::Large(large) => streamed(pass, release, large),
        Task::Look => Ok(()),
    }
}

fn whole<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    member: MemberName,
    checked: Checked<'_, (&Checksum, &[u8])>,
) -> Result<(), Stop> {
    if pass.is_stopped() {
        return Err(Stop);
    }
    let (name, stored) = checked.key;
    let info = pass.bundle(checked.info.map_err(|source| ReadError::Object {
        member: Box::new(member),
        name: *name,
        source,
    }))?;
    if info.checksum != *name {
        let (name, actual) = (*name, info.checksum);
        return pass.bundle(Err(ReadError::ObjectChecksum {
            member: Box::new(member),
            name,
            actual,
        }));
    }
    let object = FilezObject::Whole {
        stored,
        info: &info,
        content: checked.content,
    };
    pass.sunk(pass.sink.object(release, name, object))
}

fn streamed<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    incoming: Incoming,
) -> Result<(), Stop> {
    let name = incoming.name;
    let mut large = pass.bundle(LargeFilez::open(incoming))?;
    pass.sunk(pass.sink.admit(release, large.size()))?;
    let taken = pass
        .sink
        .object(release, &name, FilezObject::Streamed(&mut large));
    match taken {
        Err(refusal) if !large.is_faulty() => pass.sunk(Err(refusal)),
        // A fault of the object explains whatever the sink made of it.
        taken => {
            pass.bundle(large.finish())?;
            pass.sunk(taken)
        }
    }
}
