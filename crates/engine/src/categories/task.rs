//! What is learnt: rows as a network takes them, and how far its outputs are from the target.

use super::data::{Categorical, Data, Numeric, Target};
use super::network::{Network, Pass, Row, Sizes};
use super::random::Random;
use super::table::TableShape;
use super::training::{Figure, Quality, dimension};

/// Data with the scales of the rows that are learnt from.
pub(super) struct Task<'a> {
    data: &'a Data,
    scales: Vec<Scale>,
    counts: Vec<Vec<usize>>,
    goal: Goal<'a>,
}

/// What the outputs should be.
enum Goal<'a> {
    /// One output: the number, standardised.
    Number(&'a Numeric, Scale),
    /// An output a class, from 0 to 1 after softmax, and how many rows that are learnt from have it, `[classes]`.
    Class(&'a Categorical, Vec<usize>),
}

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy)]
struct Scale {
    mean: f64,
    deviation: f64,
}

impl Scale {
    /// Of the numbers among `values`; a deviation of 1 where they do not vary.
    fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let there = values.filter(|v| !v.is_nan());
        let count = there.clone().count().max(1) as f64;
        let mean = there.clone().sum::<f64>() / count;
        let deviation = (there.map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { mean, deviation: if deviation > 0.0 { deviation } else { 1.0 } }
    }

    /// How many deviations from the mean; an empty cell is the mean.
    fn standard(self, value: f64) -> f64 {
        if value.is_nan() { 0.0 } else { (value - self.mean) / self.deviation }
    }
}

impl<'a> Task<'a> {
    /// `data`, to be learnt from the rows `training`.
    pub(super) fn new(data: &'a Data, training: &[usize]) -> Self {
        let scale = |column: &Numeric| Scale::new(training.iter().map(|row| column.values[*row]));
        let goal = match &data.target {
            Target::Number(column) => Goal::Number(column, scale(column)),
            Target::Class(column) => Goal::Class(column, counts(column, training)),
        };
        let counts = data.categorical.iter().map(|column| counts(column, training)).collect();
        Self { data, scales: data.numeric.iter().map(scale).collect(), counts, goal }
    }

    /// How many rows that are learnt from have each category, for each column of categories.
    pub(super) fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// A network of this task that knows nothing yet. The row of a category that it will not meet is zero.
    pub(super) fn network(&self, hidden: usize, random: &mut Random) -> Network {
        let outputs = match &self.goal {
            Goal::Number(..) => 1,
            Goal::Class(column, _) => column.categories.len(),
        };
        let rows = self.data.categorical.iter().map(|column| column.categories.len());
        let tables = rows.map(|rows| TableShape { rows, dim: dimension(rows) }).collect();
        let sizes = Sizes { tables, numbers: self.data.numeric.len(), hidden, outputs };
        let mut network = Network::new(sizes, random);
        self.counts.iter().enumerate().for_each(|(table, counts)| network.clear_unmet(table, counts));
        network
    }

    /// Row `at` as a network takes it.
    pub(super) fn row(&self, at: usize, row: &mut Row) {
        row.ids.clear();
        row.ids.extend(self.data.categorical.iter().map(|column| column.ids[at]));
        row.numbers.clear();
        row.numbers.extend(self.data.numeric.iter().zip(&self.scales).map(|(c, scale)| scale.standard(c.values[at])));
    }

    /// The loss of `outputs` for row `at`, and in their place its slope along each: squared error of the standardised
    /// number, or cross-entropy after softmax, in nats.
    pub(super) fn loss(&self, at: usize, outputs: &mut [f64]) -> f64 {
        match &self.goal {
            Goal::Number(column, scale) => {
                let difference = outputs[0] - scale.standard(column.values[at]);
                outputs[0] = 2.0 * difference;
                difference * difference
            }
            Goal::Class(column, _) => cross_entropy(outputs, column.ids[at]),
        }
    }

    /// How well `network` does on `rows`.
    pub(super) fn quality(&self, network: &Network, rows: &[usize]) -> Quality {
        let mut row = Row::default();
        self.quality_of(rows, |at, pass| {
            self.row(at, &mut row);
            network.pass(&row, pass);
        })
    }

    /// How well who knows nothing but the target in the training rows does on `rows`: the mean, or each class's share
    /// (counted one more than found, so that none is impossible).
    pub(super) fn baseline(&self, rows: &[usize]) -> Quality {
        let outputs: Vec<f64> = match &self.goal {
            Goal::Number(..) => vec![0.0],
            Goal::Class(_, counts) => counts.iter().map(|count| (*count as f64 + 1.0).ln()).collect(),
        };
        self.quality_of(rows, |_, pass| pass.outputs.clone_from(&outputs))
    }

    fn quality_of(&self, rows: &[usize], mut outputs: impl FnMut(usize, &mut Pass)) -> Quality {
        let mut pass = Pass::default();
        let (mut loss, mut right) = (0.0, 0);
        for at in rows {
            outputs(*at, &mut pass);
            right += usize::from(self.is_right(*at, &pass.outputs));
            loss += self.loss(*at, &mut pass.outputs);
        }
        let mean = |sum: f64| sum / rows.len() as f64;
        let figure = match &self.goal {
            Goal::Number(_, scale) => Figure::RootMeanSquareError(mean(loss).sqrt() * scale.deviation),
            Goal::Class(..) => Figure::Accuracy(mean(right as f64)),
        };
        Quality { loss: mean(loss), figure }
    }

    /// Whether the greatest output is that of the row's class.
    fn is_right(&self, at: usize, outputs: &[f64]) -> bool {
        match &self.goal {
            Goal::Number(..) => false,
            Goal::Class(column, _) => greatest(outputs) == column.ids[at],
        }
    }
}

/// How many of `rows` have each category, `[categories]`.
fn counts(column: &Categorical, rows: &[usize]) -> Vec<usize> {
    let mut counts = vec![0; column.categories.len()];
    rows.iter().for_each(|row| counts[column.ids[*row]] += 1);
    counts
}

/// The first of the greatest.
fn greatest(outputs: &[f64]) -> usize {
    (1..outputs.len()).fold(0, |best, at| if outputs[at] > outputs[best] { at } else { best })
}

/// `-ln softmax(outputs)[class]`, and in the outputs' place its slopes: `softmax(outputs)`, less 1 at the class.
fn cross_entropy(outputs: &mut [f64], class: usize) -> f64 {
    let most = outputs[greatest(outputs)];
    let own = outputs[class] - most;
    outputs.iter_mut().for_each(|o| *o = (*o - most).exp());
    let sum: f64 = outputs.iter().sum();
    outputs.iter_mut().for_each(|o| *o /= sum);
    outputs[class] -= 1.0;
    sum.ln() - own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_passes_over_empty_cells() {
        let scale = Scale::new([1.0, f64::NAN, 3.0, 5.0].into_iter());
        assert_eq!(scale.mean, 3.0);
        assert!((scale.deviation - (8.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!((scale.standard(f64::NAN), scale.standard(3.0)), (0.0, 0.0));
        assert_eq!(Scale::new([7.0, 7.0].into_iter()).standard(8.0), 1.0);
        assert_eq!(Scale::new([f64::NAN].into_iter()).standard(2.0), 2.0);
    }

    #[test]
    fn cross_entropy_is_that_of_torch() {
        // torch.nn.functional.cross_entropy of [1, 2, 0.5] and class 2, and its gradient
        let mut outputs = [1.0, 2.0, 0.5];
        let loss = cross_entropy(&mut outputs, 2);
        assert!((loss - 1.964_4).abs() < 1e-4, "{loss}");
        let expected = [0.231_2, 0.628_5, 0.140_3 - 1.0];
        assert!(outputs.iter().zip(expected).all(|(o, e)| (o - e).abs() < 1e-4), "{outputs:?}");
        let mut vast = [1e9, 0.0];
        assert_eq!((cross_entropy(&mut vast, 1), vast), (1e9, [1.0, -1.0]));
    }

    #[test]
    fn the_first_of_the_greatest_is_taken() {
        assert_eq!((greatest(&[1.0, 3.0, 3.0]), greatest(&[2.0])), (1, 0));
    }
}
