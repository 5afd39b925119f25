//! Sends written bytes to the medium while more are being made.
//!
//! Without it a fast writer fills the page cache and waits for a slow medium at the very end,
//! with nothing to show; and the machine's memory is full of bytes that nobody reads again.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

/// How many bytes are written before the medium is asked to take them.
const STRETCH: u64 = 32 << 20;

/// A thread that syncs files as they grow, and remembers the first failure: the system tells
/// it only once.
pub(super) struct Flusher {
    running: Option<Running>,
    pending: u64,
}

struct Running {
    requests: Sender<Arc<File>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Flusher {
    /// Starts the thread.
    pub(super) fn start() -> Flusher {
        let (requests, queue) = bounded(1);
        let thread = thread::spawn(move || run(&queue));
        Flusher {
            running: Some(Running { requests, thread }),
            pending: 0,
        }
    }

    /// Notes that a file has grown; waits when the medium is more than two stretches behind.
    pub(super) fn wrote(&mut self, file: &Arc<File>, count: u64) {
        self.pending += count;
        if self.pending >= STRETCH {
            self.sync(file);
        }
    }

    /// Has a file synced soon.
    pub(super) fn sync(&mut self, file: &Arc<File>) {
        self.pending = 0;
        if let Some(Running { requests, .. }) = &self.running {
            // Nobody listens after a failure, which `stop` reports.
            let _ = requests.send(Arc::clone(file));
        }
    }

    /// Waits until everything asked for is done.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        let Some(Running { requests, thread }) = self.running.take() else {
            return Ok(());
        };
        drop(requests);
        thread.join().expect("syncing files does not panic")
    }
}

fn run(queue: &Receiver<Arc<File>>) -> io::Result<()> {
    queue.iter().try_for_each(|file| file.sync_all())
}
