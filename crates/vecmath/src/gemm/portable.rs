use super::{HEIGHT, Tile, WIDTH};

/// The plain twin of the fast kernels: product and sum are rounded apart.
pub(super) fn sums(tile: &Tile<'_>) -> [[f32; WIDTH]; HEIGHT] {
    let mut sums = [[0.0; WIDTH]; HEIGHT];
    for (i, sum) in sums[..tile.height].iter_mut().enumerate() {
        for (a, b) in tile.row(i).iter().zip(tile.panel.chunks_exact(WIDTH)) {
            for (s, b) in sum.iter_mut().zip(b) {
                *s += a * b;
            }
        }
    }
    sums
}
