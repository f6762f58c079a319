use super::{Strip, WIDTH};
use crate::gemm::RowsMut;

/// The plain twin of the fast kernels, with the same bits.
pub(super) fn strip(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    for (at, panel) in strip.panels() {
        for i in 0..strip.x.rows() {
            let (levels, scale) = strip.x.row(i);
            let mut sums = [0i32; WIDTH];
            for (pair, bytes) in levels.chunks_exact(2).zip(panel.chunks_exact(2 * WIDTH)) {
                for (sum, two) in sums.iter_mut().zip(bytes.chunks_exact(2)) {
                    *sum += i32::from(pair[0]) * i32::from(two[0]) + i32::from(pair[1]) * i32::from(two[1]);
                }
            }
            let mut row = [0.0; WIDTH];
            for (j, value) in row.iter_mut().enumerate() {
                *value = sums[j] as f32 * (scale * strip.scales[at + j]) + strip.columns.bias[at + j];
            }
            strip.columns.keep((i, at), &mut [row], y);
        }
    }
}
