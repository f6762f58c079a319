//! Sums in eight lanes and one fixed order, so that the compiler may use vectors and the bits stay.

/// How many partial sums are kept side by side.
pub(super) const EIGHT: usize = 8;

/// The sum of `N` numbers of each dimension at once.
#[inline(always)]
pub(super) fn sums<const N: usize>(count: usize, of: impl Fn(usize) -> [f32; N]) -> [f32; N] {
    let mut lanes = [[0.0f32; EIGHT]; N];
    let whole = count / EIGHT * EIGHT;
    for from in (0..whole).step_by(EIGHT) {
        for i in 0..EIGHT {
            let values = of(from + i);
            for (lane, value) in lanes.iter_mut().zip(values) {
                lane[i] += value;
            }
        }
    }
    for i in whole..count {
        let values = of(i);
        for (lane, value) in lanes.iter_mut().zip(values) {
            lane[i - whole] += value;
        }
    }
    lanes.map(|lane| lane.iter().sum())
}
