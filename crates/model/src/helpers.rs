//! Threads that stay awake while several of them share one short text.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a helper waits for something to do. It may have been taken up by a thread that has other work under it on its
/// stack, so it must never wait for good.
const PATIENCE: Duration = Duration::from_micros(200);
/// Looks for work between two looks at the clock.
const LOOKS: usize = 64;

/// Runs `work` while up to `helpers` other threads stay awake for the parts that it hands out with `rayon::join`: a thread that
/// went to sleep between two products of a short text is woken too late to be of use.
pub(crate) fn with_helpers<T: Send>(helpers: usize, work: impl FnOnce() -> T + Send) -> T {
    if helpers == 0 {
        return work();
    }
    let done = AtomicBool::new(false);
    let owner = rayon::current_thread_index();
    rayon::scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| {
                if rayon::current_thread_index() != owner {
                    help(&done);
                }
            });
        }
        let out = work();
        done.store(true, Ordering::Release);
        out
    })
}

/// Does what there is to do until all is done, or nothing came for a while.
fn help(done: &AtomicBool) {
    let mut last = Instant::now();
    while !done.load(Ordering::Acquire) && last.elapsed() < PATIENCE {
        for _ in 0..LOOKS {
            match rayon::yield_now() {
                Some(rayon::Yield::Executed) => last = Instant::now(),
                _ => std::hint::spin_loop(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_that_help_each_other_all_end() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let sum = |n: usize| {
            // parts within parts, each of which waits for others
            fn parts(n: usize) -> usize {
                if n < 2 {
                    n
                } else {
                    let (a, b) = rayon::join(|| parts(n / 2), || parts(n - n / 2));
                    a + b
                }
            }
            with_helpers(2, || (0..50).map(|_| parts(n)).sum::<usize>())
        };
        let sums: Vec<usize> = pool.install(|| {
            use rayon::prelude::*;
            (1..40usize).into_par_iter().map(sum).collect()
        });
        assert_eq!(sums, (1..40).map(|n| 50 * n).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "broken")]
    fn a_panic_comes_through() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        pool.install(|| with_helpers(1, || panic!("broken")))
    }
}
