use super::Table;

/// Subsets of eight values.
const SUBSETS: usize = 256;

/// The sum of each subset of each eight values; a subset's number has a bit for each value in it.
pub(super) fn subsets(values: &[i8]) -> Vec<i16> {
    let mut out = vec![0i16; values.len() / 8 * SUBSETS];
    for (eight, sums) in values.chunks_exact(8).zip(out.chunks_exact_mut(SUBSETS)) {
        for subset in 1..SUBSETS {
            let lowest = subset.trailing_zeros() as usize;
            sums[subset] = sums[subset & (subset - 1)] + i16::from(eight[lowest]);
        }
    }
    out
}

/// The plain twin of the fast kernels, eight bits a look-up.
pub(super) fn bit_sums(subsets: &[i16], table: Table<'_>, rows: &[u32], out: &mut [i32]) {
    let len = subsets.len() / SUBSETS;
    for (row, out) in rows.iter().zip(out) {
        let each = table.row(*row as usize, len).iter().zip(subsets.chunks_exact(SUBSETS));
        *out = each.map(|(byte, sums)| i32::from(sums[usize::from(*byte)])).sum();
    }
}

/// The plain twin of the fast kernels.
pub(super) fn dots(values: &[i8], table: Table<'_>, out: &mut [i32]) {
    for (row, out) in out.iter_mut().enumerate() {
        let each = table.row(row, values.len()).iter().zip(values);
        *out = each.map(|(byte, value)| i32::from(*byte as i8) * i32::from(*value)).sum();
    }
}
