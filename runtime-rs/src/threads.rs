//! A small pool of persistent worker threads.
//!
//! [`Pool::run`] splits numbered tasks into one contiguous range for each thread, the calling thread included: the same
//! thread meets the same rows of the next layer while they are in its cache. A thread that has finished its own range
//! helps with the others, so a worker that the operating system wakes late costs nothing. Which thread runs a task must
//! not matter to its result; then nor does the number of threads.
//!
//! Workers that find no work spin for [`SPIN`], which bridges the gap between the kernels of one model, and then sleep:
//! an idle pool uses no processor time. Without the feature `threads`, or with one thread, tasks run in order on the
//! calling thread at no cost.
//!
//! # How a job is handed over
//!
//! One word holds everything that must change together: an epoch that counts jobs, whether the job is open, and how many
//! workers are inside. The caller writes the job, then publishes a new epoch, open, with nobody inside. A worker enters by
//! compare-and-swap of exactly that word plus one, so it cannot enter a job that has been closed or replaced. The caller
//! works too; when no task is left it closes the job and waits until nobody is inside. Only then does it return (or pass
//! a panic on), so the closure, which lives on its stack, outlives every use. A worker that never woke up is not waited for.

use core::ops::Range;

#[cfg(feature = "threads")]
pub use workers::SPIN;

/// Threads that run the tasks of one kernel at a time.
///
/// A pool may be shared: a call from a second thread while a job is running, or from inside a task, runs its tasks in
/// order on its own thread.
///
/// ```
/// use onnxidize_runtime::threads::Pool;
/// let pool = Pool::new(2);
/// let mut squares = [0; 100];
/// pool.run_chunks(&mut squares, 10, |i, chunk| {
///     for (j, x) in chunk.iter_mut().enumerate() {
///         *x = (10 * i + j) * (10 * i + j);
///     }
/// });
/// assert_eq!(squares[99], 9801);
/// ```
#[derive(Debug)]
pub struct Pool {
    #[cfg(feature = "threads")]
    workers: Option<workers::Workers>,
}

impl Pool {
    /// A pool of one thread, the caller's.
    pub const fn sequential() -> Self {
        Pool {
            #[cfg(feature = "threads")]
            workers: None,
        }
    }

    /// A pool of `threads` threads, of which the caller's is one; 0 means as many as this process may use, by its
    /// affinity and its control group's quota. Where threads cannot be started there are fewer.
    #[cfg(feature = "threads")]
    pub fn new(threads: usize) -> Self {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let workers = (threads > 1)
            .then(|| workers::Workers::start(threads - 1))
            .flatten();
        Pool { workers }
    }

    /// A pool of one thread: this build has no threads.
    #[cfg(not(feature = "threads"))]
    pub fn new(_threads: usize) -> Self {
        Pool::sequential()
    }

    /// Number of threads, the caller's included.
    pub fn threads(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(workers) = &self.workers {
            return workers.count() + 1;
        }
        1
    }

    /// Calls `task(i)` once for each `i < tasks` and returns when all calls have.
    ///
    /// # Panics
    /// Passes on the panic of a task; tasks that have not begun by then may be left out.
    #[inline]
    pub fn run(&self, tasks: usize, task: impl Fn(usize) + Sync) {
        self.run_limited(usize::MAX, tasks, |_, i| task(i));
    }

    /// Calls `task(thread, i)` once for each `i < tasks` on at most `limit` threads. At no time are there two calls with
    /// the same `thread`, which is below `limit`.
    #[inline]
    fn run_limited(&self, limit: usize, tasks: usize, task: impl Fn(usize, usize) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(workers) = &self.workers {
            if tasks.min(limit) > 1 && workers.run(limit, tasks, &task) {
                return;
            }
        }
        let _ = limit;
        for i in 0..tasks {
            task(0, i);
        }
    }

    /// Calls `task(i, part)` for each part of `chunk` values of `data` (the last may be shorter).
    ///
    /// # Panics
    /// Panics if `chunk` is 0 and `data` is not empty, and when a task does.
    pub fn run_chunks<T: Send>(
        &self,
        data: &mut [T],
        chunk: usize,
        task: impl Fn(usize, &mut [T]) + Sync,
    ) {
        if data.is_empty() {
            return;
        }
        let len = data.len();
        let base = SharedMut(data.as_mut_ptr());
        self.run(len.div_ceil(chunk), |i| {
            let start = i * chunk;
            // SAFETY: the parts lie inside `data`, do not overlap, and each `i` is run once; `data` is borrowed throughout.
            let part = unsafe {
                core::slice::from_raw_parts_mut(base.get().add(start), chunk.min(len - start))
            };
            task(i, part);
        });
    }

    /// Calls `task(i, piece)` once for each `i < tasks`; each call has a piece of `len` values of `scratch` to itself
    /// while it runs, with whatever an earlier one has left there. No more threads are used than there are pieces.
    ///
    /// # Panics
    /// Panics if `scratch` has fewer than `len` values, and when a task does.
    pub fn run_with_scratch<T: Send>(
        &self,
        scratch: &mut [T],
        len: usize,
        tasks: usize,
        task: impl Fn(usize, &mut [T]) + Sync,
    ) {
        assert!(
            scratch.len() >= len,
            "scratch has {} values, {len} are needed",
            scratch.len()
        );
        let pieces = scratch.len().checked_div(len).unwrap_or(usize::MAX);
        let base = SharedMut(scratch.as_mut_ptr());
        self.run_limited(pieces, tasks, |thread, i| {
            // SAFETY: thread < pieces, so the piece lies inside `scratch`, which is borrowed throughout; no two calls have
            // the same thread, and hence the same piece, at the same time.
            task(i, unsafe {
                core::slice::from_raw_parts_mut(base.get().add(thread * len), len)
            });
        });
    }
}

/// A pointer that tasks share to write disjoint parts of one buffer.
#[derive(Debug)]
pub(crate) struct SharedMut<T>(pub *mut T);

impl<T> Clone for SharedMut<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for SharedMut<T> {}

impl<T> SharedMut<T> {
    /// The pointer. A method, so that closures capture the wrapper and not its field.
    #[inline(always)]
    pub fn get(self) -> *mut T {
        self.0
    }
}

// SAFETY: a pointer is only a number; whoever dereferences it argues that the parts are disjoint.
unsafe impl<T: Send> Send for SharedMut<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<T> {}

/// Part `i` of `parts` nearly equal parts of `0..total`, in units of `unit`: the parts cover the range in order.
pub(crate) fn part(total: usize, unit: usize, parts: usize, i: usize) -> Range<usize> {
    let units = total.div_ceil(unit);
    let bound = |i: usize| (units * i / parts * unit).min(total);
    bound(i)..bound(i + 1)
}

#[cfg(feature = "threads")]
mod workers {
    use std::any::Any;
    use std::cell::UnsafeCell;
    use std::fmt;
    use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
    use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread::{self, JoinHandle, Thread};
    use std::time::{Duration, Instant};

    /// How long a thread without work spins before it sleeps.
    pub const SPIN: Duration = Duration::from_micros(30);

    /// Bit of the state word: the job may be entered. Below it the number of workers inside, above it the epoch.
    const OPEN: u64 = 1 << 31;
    const INSIDE: u64 = OPEN - 1;
    const EPOCH: u64 = 1 << 32;

    /// Called with the number of the thread, 0 for the caller, and that of the task.
    type Task<'a> = &'a (dyn Fn(usize, usize) + Sync);

    /// The tasks of one thread: the next to run, and the end. On cache lines of its own (two, for adjacent-line prefetch).
    #[repr(align(128))]
    #[derive(Default)]
    struct Tasks {
        next: AtomicUsize,
        end: AtomicUsize,
    }

    struct Shared {
        state: AtomicU64,
        /// The closure of the open job. Written by the caller while the job is closed and nobody is inside.
        task: UnsafeCell<Option<Task<'static>>>,
        /// Threads that may take part, the caller included.
        limit: AtomicUsize,
        /// One range for the caller, then one for each worker.
        ranges: Box<[Tasks]>,
        /// Whether each worker sleeps or is about to.
        asleep: Box<[AtomicBool]>,
        /// The caller, while it sleeps until nobody is inside.
        waiting: AtomicBool,
        caller: Mutex<Option<Thread>>,
        /// The first panic of a worker's task.
        panic: Mutex<Option<Box<dyn Any + Send>>>,
        stop: AtomicBool,
    }

    // SAFETY: `task` is the only field that is not Sync by itself. It is written only by the thread that holds
    // `Workers::busy`, while the job is closed and nobody is inside; it is read only by threads inside. Entering (acquire)
    // comes after publishing (release), and the next write comes after the last one has left (release, acquire).
    unsafe impl Sync for Shared {}
    // SAFETY: as above; the closure itself is Sync, and only shared references to it cross threads.
    unsafe impl Send for Shared {}

    pub struct Workers {
        shared: Arc<Shared>,
        handles: Vec<JoinHandle<()>>,
        /// A job is running.
        busy: AtomicBool,
    }

    impl fmt::Debug for Workers {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} workers", self.count())
        }
    }

    impl Workers {
        /// Starts `count` workers, or as many as the system allows; none is `None`.
        pub fn start(count: usize) -> Option<Self> {
            let shared = Arc::new(Shared {
                state: AtomicU64::new(0),
                task: UnsafeCell::new(None),
                limit: AtomicUsize::new(0),
                ranges: (0..=count).map(|_| Tasks::default()).collect(),
                asleep: (0..count).map(|_| AtomicBool::new(false)).collect(),
                waiting: AtomicBool::new(false),
                caller: Mutex::new(None),
                panic: Mutex::new(None),
                stop: AtomicBool::new(false),
            });
            let start = |worker: usize| {
                let shared = Arc::clone(&shared);
                let name = format!("onnxidize-{}", worker + 1);
                thread::Builder::new()
                    .name(name)
                    .spawn(move || shared.work(worker))
                    .ok()
            };
            let handles: Vec<_> = (0..count).map_while(start).collect();
            (!handles.is_empty()).then(|| Workers {
                shared,
                handles,
                busy: AtomicBool::new(false),
            })
        }

        pub fn count(&self) -> usize {
            self.handles.len()
        }

        /// Runs all tasks on at most `limit` threads and returns true; or does nothing and returns false because another
        /// job is running.
        pub fn run(&self, limit: usize, tasks: usize, task: Task<'_>) -> bool {
            if self.busy.swap(true, Acquire) {
                return false;
            }
            let shared = &*self.shared;
            let threads = (self.count() + 1).min(tasks).min(limit);
            shared.publish(tasks, threads, task);
            self.wake(threads - 1);
            let own = catch_unwind(AssertUnwindSafe(|| shared.take_part(0, task)));
            if own.is_err() {
                shared.cancel();
            }
            shared.close();
            let other = lock(&shared.panic).take();
            self.busy.store(false, Release);
            if let Err(panic) = own {
                resume_unwind(panic);
            }
            if let Some(panic) = other {
                resume_unwind(panic);
            }
            true
        }

        /// Wakes the sleepers among the first `count` workers.
        fn wake(&self, count: usize) {
            for (asleep, handle) in self.shared.asleep.iter().zip(&self.handles).take(count) {
                // With `Shared::sleep`: the caller publishes and then looks for sleepers, a worker says that it sleeps
                // and then looks for a job. In one total order (SeqCst) at least one sees the other.
                if asleep.load(SeqCst) && asleep.swap(false, SeqCst) {
                    handle.thread().unpark();
                }
            }
        }
    }

    impl Drop for Workers {
        fn drop(&mut self) {
            self.shared.stop.store(true, SeqCst);
            for handle in self.handles.drain(..) {
                handle.thread().unpark();
                // A worker's panics are caught inside; nothing is lost here.
                let _ = handle.join();
            }
        }
    }

    /// Nothing is left half done under these locks, so one that a panic has poisoned is as good as new.
    fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spins until `ready`, or for [`SPIN`]; the last answer.
    fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
        for _ in 0..64 {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        let start = Instant::now();
        while start.elapsed() < SPIN {
            for _ in 0..16 {
                if ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
        }
        ready()
    }

    impl Shared {
        /// Opens a job. The caller holds `busy`, so the previous one is closed and nobody is inside.
        fn publish(&self, tasks: usize, threads: usize, task: Task<'_>) {
            // SAFETY: the lifetime is erased, not outlived: `close` returns only when nobody is inside, and from then on
            // nobody can enter this job.
            let task = unsafe { std::mem::transmute::<Task<'_>, Task<'static>>(task) };
            // SAFETY: nobody is inside, so nobody reads.
            unsafe { *self.task.get() = Some(task) };
            self.limit.store(threads, Relaxed);
            for (i, range) in self.ranges.iter().enumerate() {
                let bound = |i: usize| tasks * i.min(threads) / threads;
                range.next.store(bound(i), Relaxed);
                range.end.store(bound(i + 1), Relaxed);
            }
            let epoch = self.state.load(Relaxed) & !(EPOCH - 1);
            self.state.store(epoch.wrapping_add(EPOCH) | OPEN, SeqCst);
        }

        /// Closes the job and waits until nobody is inside.
        fn close(&self) {
            self.state.fetch_and(!OPEN, SeqCst);
            let empty = || self.state.load(SeqCst) & INSIDE == 0;
            if spin_until(empty) {
                return;
            }
            *lock(&self.caller) = Some(thread::current());
            self.waiting.store(true, SeqCst);
            while !empty() {
                thread::park();
            }
            self.waiting.store(false, SeqCst);
        }

        /// Runs tasks, those of range `own` first, until none is left.
        fn take_part(&self, own: usize, task: Task<'_>) {
            let (before, after) = self.ranges.split_at(own);
            for range in after.iter().chain(before) {
                loop {
                    // A look first: adding to a finished range would take its cache line from the others for nothing.
                    if range.next.load(Relaxed) >= range.end.load(Relaxed) {
                        break;
                    }
                    let i = range.next.fetch_add(1, Relaxed);
                    if i >= range.end.load(Relaxed) {
                        break;
                    }
                    task(own, i);
                }
            }
        }

        /// Leaves out the tasks that have not begun.
        fn cancel(&self) {
            for range in &*self.ranges {
                range.end.store(0, Relaxed);
            }
        }

        /// The life of a worker.
        fn work(&self, worker: usize) {
            let mut seen = 0;
            loop {
                let news = || self.state.load(SeqCst) / EPOCH != seen || self.stop.load(SeqCst);
                if !spin_until(news) {
                    self.sleep(worker, news);
                }
                if self.stop.load(SeqCst) {
                    return;
                }
                let mut state = self.state.load(SeqCst);
                seen = state / EPOCH;
                while state & OPEN != 0 && state / EPOCH == seen {
                    match self
                        .state
                        .compare_exchange_weak(state, state + 1, SeqCst, SeqCst)
                    {
                        Ok(_) => {
                            self.work_inside(worker);
                            break;
                        }
                        Err(now) => state = now,
                    }
                }
            }
        }

        /// Sleeps until there are news.
        fn sleep(&self, worker: usize, news: impl Fn() -> bool) {
            self.asleep[worker].store(true, SeqCst);
            while !news() {
                thread::park();
            }
            self.asleep[worker].store(false, SeqCst);
        }

        /// Takes part in the job that the worker has entered, and leaves it.
        fn work_inside(&self, worker: usize) {
            // SAFETY: this thread is inside, so the caller neither writes the field nor ends the closure's life.
            let task = unsafe { *self.task.get() };
            let invited = worker + 1 < self.limit.load(Relaxed);
            if let Some(task) = task.filter(|_| invited) {
                if let Err(panic) =
                    catch_unwind(AssertUnwindSafe(|| self.take_part(worker + 1, task)))
                {
                    self.cancel();
                    lock(&self.panic).get_or_insert(panic);
                }
            }
            let before = self.state.fetch_sub(1, SeqCst);
            // The same reasoning as in `Workers::wake`, with the roles exchanged.
            if before & (OPEN | INSIDE) == 1 && self.waiting.load(SeqCst) {
                if let Some(caller) = lock(&self.caller).take() {
                    caller.unpark();
                }
            }
        }
    }
}

#[cfg(all(test, feature = "threads"))]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering::*};
    use std::time::Duration;

    #[test]
    fn every_task_runs_exactly_once() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            for tasks in [0, 1, 2, 3, 7, 64, 1000] {
                for _ in 0..50 {
                    let counts: Vec<AtomicUsize> =
                        (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    pool.run(tasks, |i| {
                        counts[i].fetch_add(1, Relaxed);
                    });
                    assert!(
                        counts.iter().all(|c| c.load(Relaxed) == 1),
                        "{threads} threads, {tasks} tasks"
                    );
                }
            }
        }
    }

    #[test]
    fn writes_of_tasks_are_visible_afterwards() {
        let pool = Pool::new(4);
        let mut data = vec![0usize; 10_007];
        for round in 1..200 {
            pool.run_chunks(&mut data, 97, |i, part| {
                for (j, x) in part.iter_mut().enumerate() {
                    *x += 97 * i + j;
                }
            });
            assert!(data.iter().enumerate().all(|(i, &x)| x == i * round));
        }
    }

    #[test]
    fn sleeping_workers_wake_up() {
        let pool = Pool::new(3);
        for pause in [0, 10, 100, 2000] {
            std::thread::sleep(Duration::from_micros(pause));
            let sum = AtomicUsize::new(0);
            pool.run(100, |i| {
                sum.fetch_add(i, Relaxed);
            });
            assert_eq!(sum.into_inner(), 4950);
        }
    }

    #[test]
    fn all_threads_take_part_in_long_work() {
        let pool = Pool::new(3);
        let names = std::sync::Mutex::new(std::collections::HashSet::new());
        pool.run(3, |_| {
            names.lock().unwrap().insert(std::thread::current().id());
            std::thread::sleep(Duration::from_millis(100));
        });
        assert_eq!(names.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn a_slow_thread_is_helped_with_its_range() {
        let pool = Pool::new(2);
        let done = AtomicUsize::new(0);
        // Tasks 0..8 are the caller's range. Whoever runs task 0 leaves it only when all others are done.
        pool.run(16, |i| {
            while i == 0 && done.load(SeqCst) < 15 {
                std::thread::yield_now();
            }
            done.fetch_add(1, SeqCst);
        });
        assert_eq!(done.into_inner(), 16);
    }

    #[test]
    fn a_panic_is_passed_on_and_the_pool_survives() {
        let pool = Pool::new(4);
        for bad in [0, 1, 50, 99] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(100, |i| assert!(i != bad, "task {i} fails"));
            }));
            let message = *result.unwrap_err().downcast::<String>().unwrap();
            assert_eq!(message, format!("task {bad} fails"));
            let count = AtomicUsize::new(0);
            pool.run(100, |_| {
                count.fetch_add(1, Relaxed);
            });
            assert_eq!(count.into_inner(), 100);
        }
    }

    #[test]
    fn a_nested_run_is_sequential() {
        let pool = Pool::new(4);
        let sum = AtomicUsize::new(0);
        pool.run(10, |i| {
            pool.run(10, |j| {
                sum.fetch_add(10 * i + j, Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 4950);
    }

    #[test]
    fn a_pool_may_be_shared_between_threads() {
        let pool = Pool::new(3);
        let sum = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        pool.run(20, |i| {
                            sum.fetch_add(i, Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 4 * 200 * 190);
    }

    #[test]
    fn parts_cover_the_range_in_order() {
        for (total, unit, parts) in [(0, 4, 3), (1, 4, 3), (100, 7, 4), (64, 16, 8), (1000, 1, 7)] {
            let mut next = 0;
            for i in 0..parts {
                let range = part(total, unit, parts, i);
                assert_eq!(range.start, next);
                assert!(range.start.is_multiple_of(unit) || range.start == total);
                next = range.end;
            }
            assert_eq!(next, total);
        }
    }
}
