//! Token vectors of a text into one, as the Pooling module of sentence-transformers does.

/// How token vectors become one; several ways are joined end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pooling {
    pub(crate) modes: Vec<Mode>,
    /// Whether the prompt's tokens count; they are encoded in any case.
    pub(crate) include_prompt: bool,
}

/// One way of pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The first token.
    Cls,
    /// The greatest of each number.
    Max,
    /// The average of all tokens, special ones counted.
    Mean,
    /// Their sum over the square root of their count.
    MeanSqrtLen,
    /// The average weighted by position, from 1 (SGPT; Muennighoff 2022).
    WeightedMean,
    /// The last token.
    Last,
}

impl Mode {
    const NAMES: [(&'static str, Self); 6] = [
        ("cls", Self::Cls),
        ("max", Self::Max),
        ("mean", Self::Mean),
        ("mean_sqrt_len_tokens", Self::MeanSqrtLen),
        ("weightedmean", Self::WeightedMean),
        ("lasttoken", Self::Last),
    ];

    /// The way that sentence-transformers calls `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(own, _)| *own == name).map(|(_, mode)| mode)
    }
}

impl std::fmt::Display for Pooling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, mode) in self.modes.iter().enumerate() {
            let name = Mode::NAMES.into_iter().find(|(_, own)| own == mode).map_or("", |(name, _)| name);
            write!(f, "{}{name}", if i == 0 { "" } else { "+" })?;
        }
        if self.include_prompt { Ok(()) } else { write!(f, " without the prompt") }
    }
}

impl Pooling {
    /// One way over all tokens.
    pub(crate) fn one(mode: Mode) -> Self {
        Self { modes: vec![mode], include_prompt: true }
    }

    /// Floats that come of token vectors of `width`.
    pub(crate) fn width(&self, width: usize) -> usize {
        self.modes.len() * width
    }

    /// Token vectors `[tokens, width]` of one text into one vector; the first `prompt` tokens are the prompt's. Without a
    /// token the vector is zero.
    ///
    /// Padding never reaches this, so sentence-transformers' mask is all ones here but for the prompt.
    pub(crate) fn pool(&self, hidden: &[f32], width: usize, prompt: usize) -> Vec<f32> {
        let tokens = hidden.len() / width;
        // a prompt that leaves nothing: the first of no tokens is, for sentence-transformers, the first of all
        let skipped = if self.include_prompt { 0 } else { prompt.min(tokens) };
        let rows = || hidden.chunks_exact(width).skip(skipped);
        let one = |mode: &Mode| match mode {
            Mode::Cls => rows()
                .next()
                .or_else(|| hidden.chunks_exact(width).next())
                .map_or_else(|| vec![0.0; width], <[f32]>::to_vec),
            Mode::Last => rows().next_back().map_or_else(|| vec![0.0; width], <[f32]>::to_vec),
            Mode::Max => greatest(rows(), width),
            Mode::Mean => average(rows().map(|row| (1.0, row)), width, |total| total),
            Mode::MeanSqrtLen => average(rows().map(|row| (1.0, row)), width, f32::sqrt),
            Mode::WeightedMean => {
                average(rows().enumerate().map(|(i, row)| ((skipped + i + 1) as f32, row)), width, |total| total)
            }
        };
        self.modes.iter().flat_map(one).collect()
    }
}

fn greatest<'a>(mut rows: impl Iterator<Item = &'a [f32]>, width: usize) -> Vec<f32> {
    let first = rows.next().map_or_else(|| vec![0.0; width], <[f32]>::to_vec);
    rows.fold(first, |mut most, row| {
        // what is no number must not be lost: it says that the weights are broken
        most.iter_mut().zip(row).for_each(|(m, v)| *m = if *v > *m || v.is_nan() { *v } else { *m });
        most
    })
}

/// The sum of rows, each times its weight, over what `divisor` makes of all weights.
fn average<'a>(rows: impl Iterator<Item = (f32, &'a [f32])>, width: usize, divisor: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut sum = vec![0.0f32; width];
    let mut total = 0.0f32;
    for (weight, row) in rows {
        total += weight;
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += weight * v);
    }
    // as torch clamps it: no token at all gives zero
    let by = divisor(total.max(1e-9));
    sum.iter_mut().for_each(|s| *s /= by);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: [f32; 6] = [1.0, 2.0, 3.0, 6.0, 5.0, -2.0];

    fn pooled(names: &[&str], include_prompt: bool) -> Vec<f32> {
        let modes = names.iter().map(|name| Mode::named(name).unwrap()).collect();
        Pooling { modes, include_prompt }.pool(&HIDDEN, 2, 1)
    }

    #[test]
    fn each_way_over_all_tokens() {
        assert_eq!(pooled(&["cls"], true), [1.0, 2.0]);
        assert_eq!(pooled(&["lasttoken"], true), [5.0, -2.0]);
        assert_eq!(pooled(&["max"], true), [5.0, 6.0]);
        assert_eq!(pooled(&["mean"], true), [3.0, 2.0]);
        let root = 3f32.sqrt();
        assert_eq!(pooled(&["mean_sqrt_len_tokens"], true), [9.0 / root, 6.0 / root]);
        assert_eq!(pooled(&["weightedmean"], true), [22.0 / 6.0, 8.0 / 6.0]);
        assert_eq!(pooled(&["mean", "cls"], true), [3.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn without_the_prompt_its_tokens_do_not_count_and_positions_stay() {
        assert_eq!(pooled(&["cls", "mean"], false), [3.0, 6.0, 4.0, 2.0]);
        assert_eq!(pooled(&["weightedmean"], false), [21.0 / 5.0, 6.0 / 5.0]);
        let all = Pooling { modes: vec![Mode::Mean, Mode::Max], include_prompt: false };
        assert_eq!(all.pool(&HIDDEN, 2, 3), [0.0; 4]);
    }

    #[test]
    fn names_are_those_of_sentence_transformers() {
        let two = Pooling { modes: vec![Mode::Cls, Mode::WeightedMean], include_prompt: false };
        assert_eq!(two.to_string(), "cls+weightedmean without the prompt");
    }
}
