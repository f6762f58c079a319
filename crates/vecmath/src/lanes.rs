/// The sum of lanes, a power of two of them: halves added onto halves, which is one order for every instruction set, and short.
#[inline(always)]
pub(crate) fn folded<const N: usize>(mut lanes: [f32; N]) -> f32 {
    const { assert!(N.is_power_of_two()) }
    let mut width = N / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(a, b)| *a += *b);
        width /= 2;
    }
    lanes[0]
}
