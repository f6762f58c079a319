//! Threads that stay awake while several of them share one short text.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a helper waits for something to do: longer than one layer's attention takes, which one thread does alone.
const PATIENCE: Duration = Duration::from_millis(2);
/// How long one helps at most. A helper may have been taken up by a thread that has other work under it on its stack, which
/// waits meanwhile.
const SHIFT: Duration = Duration::from_millis(20);
/// Looks for work between two looks at the clock.
const LOOKS: usize = 64;

thread_local! {
    /// Whether this thread helps, or is helped: then it must not begin to help as well.
    static ENGAGED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` while up to `helpers` other threads of the pool stay awake for the parts that it hands out with `rayon::join`: a
/// thread that went to sleep between two products of a short text is woken too late to be of use. `work` never waits for a
/// helper, only for the parts that it handed out.
pub(crate) fn with_helpers<T: Send>(helpers: usize, work: impl FnOnce() -> T + Send) -> T {
    if helpers == 0 {
        return work();
    }
    struct Done(Arc<AtomicBool>);
    impl Drop for Done {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let done = Done(Arc::default());
    let seen = done.0.clone();
    // in the pool itself: a join from outside would wake a thread for each product
    rayon::scope(|_| {
        rayon::spawn_broadcast(move |here| {
            if here.index() <= helpers {
                help(&seen);
            }
        });
        engaged(work)
    })
}

/// Runs `work` on a thread that helps nobody meanwhile.
fn engaged<T>(work: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            ENGAGED.set(self.0);
        }
    }
    let _before = Before(ENGAGED.replace(true));
    work()
}

/// Does what there is to do until all is done, nothing came for a while, or the shift is over.
fn help(done: &AtomicBool) {
    if ENGAGED.get() {
        return;
    }
    engaged(|| {
        let begun = Instant::now();
        let mut last = begun;
        while !done.load(Ordering::Acquire) && last.elapsed() < PATIENCE && begun.elapsed() < SHIFT {
            for _ in 0..LOOKS {
                match rayon::yield_now() {
                    Some(rayon::Yield::Executed) => last = Instant::now(),
                    _ => std::hint::spin_loop(),
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rayon::prelude::*;

    use super::*;

    /// Parts within parts, each of which waits for others.
    fn parts(n: usize) -> usize {
        match n {
            0 | 1 => n,
            _ => {
                let (a, b) = rayon::join(|| parts(n / 2), || parts(n - n / 2));
                a + b
            }
        }
    }

    fn sum(n: usize) -> usize {
        with_helpers(2, || (0..50).map(|_| parts(n)).sum::<usize>())
    }

    #[test]
    fn passes_that_help_each_other_all_end() {
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let sums: Vec<usize> = pool.install(|| (1..40usize).into_par_iter().map(sum).collect());
            assert_eq!(sums, (1..40).map(|n| 50 * n).collect::<Vec<_>>());
        }
        // from outside any pool, and from several threads at once
        std::thread::scope(|scope| {
            let all: Vec<_> = (1..9).map(|n| scope.spawn(move || sum(n))).collect();
            assert!(all.into_iter().zip(1..9).all(|(one, n)| one.join().unwrap() == 50 * n));
        });
    }

    #[test]
    fn a_panic_comes_through() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let broken = catch_unwind(AssertUnwindSafe(|| pool.install(|| with_helpers(1, || panic!("broken")))));
        assert_eq!(broken.unwrap_err().downcast_ref(), Some(&"broken"));
    }
}
