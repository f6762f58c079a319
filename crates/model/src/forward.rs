//! Many sequences through one network: in packs, on all threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::arch::Network;
use crate::helpers::with_helpers;
use crate::pack::{Pack, Sequence, packs};

/// Threads that share one pack at most: of a layer's 384 outputs, each has three strips then.
const MOST_THREADS: usize = 8;

/// What `finish` makes of each sequence's place and token vectors `[tokens, width]`, in the order of `sequences`. Of these
/// vectors, only those of a pack for each thread are held at once.
pub(crate) fn forward<T: Send>(
    network: &Network,
    sequences: &[Sequence<'_>],
    finish: impl Fn(usize, &[f32]) -> T + Sync,
) -> Vec<T> {
    let width = network.width();
    let packs = packs(sequences);
    // a pack a thread where there are enough; else several threads share one, as long as there are layers to share
    let most = if network.layers() == 0 { 1 } else { MOST_THREADS };
    let threads = (rayon::current_num_threads() / packs.len().max(1)).clamp(1, most);
    let finished = |pack: &Pack| {
        let hidden = with_helpers(threads - 1, || network.forward(pack, threads));
        let one = |(member, range): (&usize, &Range<usize>)| {
            (*member, finish(*member, &hidden[range.start * width..range.end * width]))
        };
        pack.members.iter().zip(&pack.ranges).map(one).collect::<Vec<_>>()
    };
    let mut finished: Vec<(usize, T)> = packs.par_iter().flat_map_iter(finished).collect();
    finished.sort_unstable_by_key(|(member, _)| *member);
    finished.into_iter().map(|(_, one)| one).collect()
}
