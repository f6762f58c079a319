use super::{RowsMut, Strip, WIDTH};

/// The plain twin of the fast kernels: product and sum are rounded apart.
pub(super) fn strip(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    for (at, panel) in strip.panels() {
        for i in 0..strip.x.rows {
            let mut sums = [0.0; WIDTH];
            for (a, b) in strip.row(i).iter().zip(panel.chunks_exact(WIDTH)) {
                for (s, b) in sums.iter_mut().zip(b) {
                    *s += a * b;
                }
            }
            sums.iter_mut().zip(&strip.columns.bias[at..]).for_each(|(s, b)| *s += b);
            strip.columns.keep((i, at), &mut [sums], y);
        }
    }
}
