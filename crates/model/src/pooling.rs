use crate::directory::Pooling;

/// Token vectors `[tokens, width]` of one text into one vector `[width]`.
///
/// Padding never reaches this, so sentence-transformers' mask is all ones here.
pub(crate) fn pool(pooling: Pooling, hidden: &[f32], width: usize) -> Vec<f32> {
    match pooling {
        Pooling::Cls => hidden[..width].to_vec(),
        Pooling::Mean => mean(hidden, width),
    }
}

fn mean(hidden: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0f32; width];
    for row in hidden.chunks_exact(width) {
        for (s, v) in sum.iter_mut().zip(row) {
            *s += v;
        }
    }
    let tokens = (hidden.len() / width) as f32;
    sum.iter_mut().for_each(|s| *s /= tokens);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_first() {
        let hidden = [1.0, 2.0, 3.0, 6.0];
        assert_eq!(pool(Pooling::Mean, &hidden, 2), [2.0, 4.0]);
        assert_eq!(pool(Pooling::Cls, &hidden, 2), [1.0, 2.0]);
    }
}
