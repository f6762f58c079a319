//! Vectors in fewer bytes.

/// A vector of signed bytes: `values[i] * scale` is the number that was rounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8 {
    /// From -127 to 127.
    pub values: Vec<i8>,
    /// What one step is worth; 0 for a vector of zeros.
    pub scale: f32,
}

/// Rounds each number of a finite vector to one of 255 even steps, the greatest in size being the last step. The scale is
/// the vector's own, so the cosine of two such vectors is that of their bytes.
pub fn int8(vector: &[f32]) -> Int8 {
    let greatest = vector.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let steps = |v: &f32| if greatest == 0.0 { 0 } else { (v / greatest * 127.0).round_ties_even() as i8 };
    Int8 { values: vector.iter().map(steps).collect(), scale: greatest / 127.0 }
}

/// A bit for each number, set where it is above zero; eight a byte, the first in the highest place, the last byte filled with
/// zeros: `ubinary` of sentence-transformers' `quantize_embeddings`.
pub fn ubinary(vector: &[f32]) -> Vec<u8> {
    let byte = |eight: &[f32]| eight.iter().enumerate().fold(0, |byte, (i, v)| byte | u8::from(*v > 0.0) << (7 - i));
    vector.chunks(8).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_number_is_off_by_more_than_half_a_step(vector in prop::collection::vec(-3.0f32..3.0, 1..70)) {
            let Int8 { values, scale } = int8(&vector);
            for (v, value) in vector.iter().zip(&values) {
                prop_assert!((v - f32::from(*value) * scale).abs() <= scale * 0.5001);
            }
        }
    }

    #[test]
    fn bytes_reach_to_both_ends_and_zeros_stay() {
        assert_eq!(int8(&[-2.0, 1.0, 2.0, 0.0]).values, [-127, 64, 127, 0]);
        assert_eq!(int8(&[0.0; 3]), Int8 { values: vec![0; 3], scale: 0.0 });
        let tiny = int8(&[f32::MIN_POSITIVE, -f32::MIN_POSITIVE]);
        assert_eq!(tiny.values, [127, -127]);
    }

    #[test]
    fn bits_are_those_of_numpy_packbits() {
        // numpy.packbits(numpy.array([1, -1, 0, 2, -3, 4, 5, -6, 7, 8]) > 0)
        assert_eq!(ubinary(&[1.0, -1.0, 0.0, 2.0, -3.0, 4.0, 5.0, -6.0, 7.0, 8.0]), [150, 192]);
        assert_eq!(ubinary(&[]), [0u8; 0]);
    }
}
