//! Matrices of weights in the blocks of a GGUF file, used as they lie there: a block is a few whole numbers of two to eight
//! bits with a scale in half precision, and is turned into floats only on its way into a product, in registers.
//!
//! The layouts are those of ggml (<https://github.com/ggml-org/ggml>, `ggml-common.h` and `ggml-quants.c`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod large;
mod plain;
mod sets;
mod small;

use std::ops::Range;
use std::sync::Arc;

use self::large::{Q2K, Q3K, Q4K, Q5K, Q6K};
use self::plain::{Bf16, F16, F32};
use self::sets::{LANES, Set, with_set};
use self::small::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use crate::lanes::folded;
use crate::{MappedFile, Simd};

/// A one in each byte: times a byte, that byte in each.
const EACH: u64 = 0x0101_0101_0101_0101;

/// How the weights of a matrix are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are ggml's")]
pub enum BlockKind {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

/// One way to store some weights.
trait Block {
    /// Bytes of a block.
    const BYTES: usize;
    /// Weights in it, a multiple of [`LANES`].
    const WEIGHTS: usize;

    /// Group `group` of [`LANES`] weights of `block` (`BYTES` bytes).
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes;
}

/// Runs `$then` with `$block` as the type that stores weights as `$kind` says.
macro_rules! with_block {
    ($kind:expr, $block:ident => $then:expr) => {
        match $kind {
            BlockKind::F32 => with_block!(@ F32, $block, $then),
            BlockKind::F16 => with_block!(@ F16, $block, $then),
            BlockKind::Bf16 => with_block!(@ Bf16, $block, $then),
            BlockKind::Q4_0 => with_block!(@ Q4_0, $block, $then),
            BlockKind::Q4_1 => with_block!(@ Q4_1, $block, $then),
            BlockKind::Q5_0 => with_block!(@ Q5_0, $block, $then),
            BlockKind::Q5_1 => with_block!(@ Q5_1, $block, $then),
            BlockKind::Q8_0 => with_block!(@ Q8_0, $block, $then),
            BlockKind::Q2K => with_block!(@ Q2K, $block, $then),
            BlockKind::Q3K => with_block!(@ Q3K, $block, $then),
            BlockKind::Q4K => with_block!(@ Q4K, $block, $then),
            BlockKind::Q5K => with_block!(@ Q5K, $block, $then),
            BlockKind::Q6K => with_block!(@ Q6K, $block, $then),
        }
    };
    (@ $type:ty, $block:ident, $then:expr) => {{
        type $block = $type;
        $then
    }};
}

impl BlockKind {
    /// The kind that GGUF files number `number`, if it is one that is read.
    pub fn numbered(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            10 => Self::Q2K,
            11 => Self::Q3K,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            30 => Self::Bf16,
            _ => return None,
        })
    }

    /// Weights in a block.
    pub fn weights(self) -> usize {
        with_block!(self, B => B::WEIGHTS)
    }

    /// Bytes of a block.
    pub fn bytes(self) -> usize {
        with_block!(self, B => B::BYTES)
    }

    /// Bytes of `weights` weights; `None` where they do not fill blocks or are too many to count.
    pub fn size_of(self, weights: usize) -> Option<usize> {
        weights.is_multiple_of(self.weights()).then_some(weights / self.weights())?.checked_mul(self.bytes())
    }
}

/// A matrix `[outputs, inputs]`, row after row.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    kind: BlockKind,
    bytes: &'a [u8],
    outputs: usize,
    inputs: usize,
}

impl<'a> Blocks<'a> {
    /// The matrix whose rows are `bytes`; `None` where it has another size or its rows do not fill blocks.
    pub fn new(kind: BlockKind, bytes: &'a [u8], outputs: usize, inputs: usize) -> Option<Self> {
        let whole = kind.size_of(inputs)?.checked_mul(outputs)?;
        (whole == bytes.len()).then_some(Self { kind, bytes, outputs, inputs })
    }

    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs, `k`.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes from one row to the next.
    fn stride(&self) -> usize {
        self.inputs / self.kind.weights() * self.kind.bytes()
    }

    /// Those rows alone.
    ///
    /// # Panics
    /// When there are fewer rows.
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let stride = self.stride();
        Self { bytes: &self.bytes[rows.start * stride..rows.end * stride], outputs: rows.len(), ..*self }
    }

    /// Writes the weights, row-major, to `out`.
    ///
    /// # Panics
    /// When `out` has another length than there are weights.
    pub fn unpack(&self, simd: Simd, out: &mut [f32]) {
        assert_eq!(out.len(), self.outputs * self.inputs, "floats of the matrix");
        unpack_all(simd, self.kind, self.bytes, out);
    }

    /// Writes the product of each row with `x` to `y`; each is summed in one fixed order, in single precision.
    ///
    /// # Panics
    /// When the shapes do not agree.
    pub fn multiply(&self, simd: Simd, x: &[f32], y: &mut [f32]) {
        assert_eq!((x.len(), y.len()), (self.inputs, self.outputs), "lengths of x and y");
        if self.inputs == 0 {
            return y.fill(0.0);
        }
        multiply_rows(simd, self.kind, (self.bytes, self.stride()), x, y);
    }
}

/// A matrix that lies in a mapped file.
#[derive(Debug, Clone)]
pub struct MappedBlocks {
    file: Arc<MappedFile>,
    at: Range<usize>,
    kind: BlockKind,
    outputs: usize,
    inputs: usize,
}

impl MappedBlocks {
    /// The matrix `[outputs, inputs]` that begins at byte `from` of `file`; `None` where its rows do not fill blocks or the
    /// file ends before it does.
    pub fn new(file: Arc<MappedFile>, from: usize, kind: BlockKind, (outputs, inputs): (usize, usize)) -> Option<Self> {
        let at = from..from.checked_add(kind.size_of(inputs)?.checked_mul(outputs)?)?;
        file.bytes().get(at.clone())?;
        Some(Self { file, at, kind, outputs, inputs })
    }

    /// The matrix.
    pub fn blocks(&self) -> Blocks<'_> {
        let Self { kind, outputs, inputs, .. } = *self;
        Blocks { kind, bytes: &self.file.bytes()[self.at.clone()], outputs, inputs }
    }

    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs, `k`.
    pub fn inputs(&self) -> usize {
        self.inputs
    }
}

with_set! {
    fn unpack_all(simd, kind: BlockKind, bytes: &[u8], out: &mut [f32]) = unpack_each
}

with_set! {
    fn multiply_rows(simd, kind: BlockKind, rows: (&[u8], usize), x: &[f32], y: &mut [f32]) = multiply_each
}

#[inline(always)]
fn unpack_each<S: Set>(set: S, kind: BlockKind, bytes: &[u8], out: &mut [f32]) {
    with_block!(kind, B => {
        for (block, out) in bytes.chunks_exact(B::BYTES).zip(out.chunks_exact_mut(B::WEIGHTS)) {
            let (groups, _) = out.as_chunks_mut::<LANES>();
            for (i, out) in groups.iter_mut().enumerate() {
                set.write(B::weights(set, block, i), out);
            }
        }
    });
}

#[inline(always)]
fn multiply_each<S: Set>(set: S, kind: BlockKind, (bytes, stride): (&[u8], usize), x: &[f32], y: &mut [f32]) {
    with_block!(kind, B => {
        for (row, y) in bytes.chunks_exact(stride).zip(y) {
            *y = product::<B, S>(set, row, x);
        }
    });
}

/// The products of a row's blocks with their part of `x`, in lanes.
#[inline(always)]
fn product<B: Block, S: Set>(set: S, row: &[u8], x: &[f32]) -> f32 {
    let mut lanes = set.read(&[0.0; LANES]);
    for (block, x) in row.chunks_exact(B::BYTES).zip(x.chunks_exact(B::WEIGHTS)) {
        let (groups, _) = x.as_chunks::<LANES>();
        for (i, x) in groups.iter().enumerate() {
            set.add_product(&mut lanes, B::weights(set, block, i), set.read(x));
        }
    }
    let mut sums = [0.0; LANES];
    set.write(lanes, &mut sums);
    folded(sums)
}

/// Half precision (IEEE 754 binary16) at the start of `bytes`.
#[inline(always)]
fn half<S: Set>(set: S, bytes: &[u8]) -> f32 {
    set.half(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// The first `N` words of eight bytes, lowest byte first.
#[inline(always)]
fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    bytes.as_chunks::<8>().0.as_chunks::<N>().0[0].map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [BlockKind; 13] = [
        BlockKind::F32,
        BlockKind::F16,
        BlockKind::Bf16,
        BlockKind::Q4_0,
        BlockKind::Q4_1,
        BlockKind::Q5_0,
        BlockKind::Q5_1,
        BlockKind::Q8_0,
        BlockKind::Q2K,
        BlockKind::Q3K,
        BlockKind::Q4K,
        BlockKind::Q5K,
        BlockKind::Q6K,
    ];

    #[test]
    fn sizes_that_do_not_fill_blocks_are_refused() {
        assert!(Blocks::new(BlockKind::Q4_0, &[0; 36], 2, 32).is_some());
        assert!(Blocks::new(BlockKind::Q4_0, &[0; 36], 1, 48).is_none());
        assert!(Blocks::new(BlockKind::Q4_0, &[0; 35], 2, 32).is_none());
        assert!(Blocks::new(BlockKind::F32, &[], usize::MAX, 32).is_none());
    }

    /// Blocks of any bytes, whose scales are brought to a size at which sums can be compared.
    fn any_bytes(kind: BlockKind, blocks: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let mut bytes: Vec<u8> = (0..blocks * kind.bytes()).map(|_| next()).collect();
        // the second byte of a half holds its exponent
        for block in bytes.chunks_exact_mut(kind.bytes()) {
            let at: &[usize] = match kind {
                BlockKind::F32 => &[3],
                BlockKind::F16 | BlockKind::Bf16 | BlockKind::Q4_0 | BlockKind::Q5_0 | BlockKind::Q8_0 => &[1],
                BlockKind::Q4_1 | BlockKind::Q5_1 | BlockKind::Q4K | BlockKind::Q5K => &[1, 3],
                BlockKind::Q2K => &[81, 83],
                BlockKind::Q3K => &[109],
                BlockKind::Q6K => &[209],
            };
            at.iter().for_each(|at| block[*at] = 0x38 | (block[*at] & 0x83));
            // plain numbers have their exponents all through the block
            let step = match kind {
                BlockKind::F32 => 4,
                BlockKind::F16 | BlockKind::Bf16 => 2,
                _ => continue,
            };
            block.iter_mut().skip(step - 1).step_by(step).for_each(|byte| *byte = 0x38 | (*byte & 0x83));
        }
        bytes
    }

    proptest! {
        #[test]
        fn products_are_those_of_the_unpacked_rows_on_every_instruction_set(
            which in 0..KINDS.len(), outputs in 1usize..5, blocks in 1usize..4, seed: u64,
        ) {
            let kind = KINDS[which];
            let inputs = blocks * kind.weights();
            let bytes = any_bytes(kind, outputs * blocks, seed);
            let matrix = Blocks::new(kind, &bytes, outputs, inputs).unwrap();
            let x: Vec<f32> = (0..inputs).map(|i| (i as f32 * 0.37 + 1.0).sin()).collect();
            let mut plain = vec![0.0; outputs * inputs];
            matrix.unpack(Simd::portable(), &mut plain);
            let mut first = vec![0.0; outputs];
            matrix.multiply(Simd::portable(), &x, &mut first);
            for (row, got) in plain.chunks_exact(inputs).zip(&first) {
                let products = || row.iter().zip(&x).map(|(a, b)| f64::from(*a) * f64::from(*b));
                let size: f64 = products().map(f64::abs).sum();
                prop_assert!((products().sum::<f64>() - f64::from(*got)).abs() <= size * 1e-5);
            }
            for simd in Simd::all() {
                let (mut again, mut y) = (vec![0.0; outputs * inputs], vec![0.0; outputs]);
                matrix.unpack(simd, &mut again);
                matrix.multiply(simd, &x, &mut y);
                prop_assert_eq!(&again, &plain);
                prop_assert_eq!(&y, &first);
            }
        }

        #[test]
        fn any_bytes_unpack(which in 0..KINDS.len(), bytes in prop::collection::vec(any::<u8>(), 256)) {
            let kind = KINDS[which];
            let mut out = vec![0.0; kind.weights()];
            let matrix = Blocks::new(kind, &bytes[..kind.bytes()], 1, kind.weights()).unwrap();
            for simd in Simd::all() {
                matrix.unpack(simd, &mut out);
                matrix.multiply(simd, &vec![1.0; kind.weights()], &mut [0.0]);
            }
        }
    }
}
