//! Tables, one hidden layer, outputs; their gradient by hand; and the steps that follow it.

use std::ops::Range;

use super::random::Random;
use super::table::{EmbeddingTable, SMALL, TableError, TableShape};

/// What a network is made of.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    /// A table for each column of categories.
    pub(super) tables: Vec<TableShape>,
    /// Columns of numbers.
    pub(super) numbers: usize,
    pub(super) hidden: usize,
    pub(super) outputs: usize,
}

/// What goes in: a row of the data.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The category of each column, `[tables]`.
    pub(super) ids: Vec<usize>,
    /// Standardised, `[numbers]`.
    pub(super) numbers: Vec<f64>,
}

/// Where in the list of weights each part stands.
#[derive(Debug, Clone)]
struct Places {
    tables: Vec<usize>,
    /// `[inputs, hidden]`, the tables' numbers before the columns of numbers
    first: Range<usize>,
    first_bias: Range<usize>,
    /// `[hidden, outputs]`
    second: Range<usize>,
    second_bias: Range<usize>,
}

impl Places {
    fn new(sizes: &Sizes) -> Self {
        let mut end = 0;
        let mut next = |size: usize| {
            end += size;
            end - size..end
        };
        let inputs = sizes.tables.iter().map(|t| t.dim).sum::<usize>() + sizes.numbers;
        Self {
            tables: sizes.tables.iter().map(|t| next(t.rows * t.dim).start).collect(),
            first: next(inputs * sizes.hidden),
            first_bias: next(sizes.hidden),
            second: next(sizes.hidden * sizes.outputs),
            second_bias: next(sizes.outputs),
        }
    }

    /// All but the tables.
    fn dense(&self) -> Range<usize> {
        self.first.start..self.second_bias.end
    }
}

/// `outputs = relu([rows of the tables, numbers] first + first_bias) second + second_bias`
#[derive(Debug, Clone)]
pub(super) struct Network {
    sizes: Sizes,
    places: Places,
    weights: Vec<f64>,
}

/// What one row makes of the network on its way through. Kept to spare allocations.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    inputs: Vec<f64>,
    hidden: Vec<f64>,
    /// `[outputs]`; before [`Network::descend`] the loss's slope along each takes their place.
    pub(super) outputs: Vec<f64>,
}

/// The slope of the loss along each weight, and which rows of tables have one.
#[derive(Debug, Clone)]
pub(super) struct Gradient {
    slopes: Vec<f64>,
    touched: Vec<Range<usize>>,
    // along the hidden layer, for one row
    hidden: Vec<f64>,
}

impl Network {
    /// Tables as [`EmbeddingTable::random`](super::EmbeddingTable::random) begins them, layers as He et al. 2015 for ReLU
    /// (evenly within `sqrt(6 / inputs)`), biases 0.
    pub(super) fn new(sizes: Sizes, random: &mut Random) -> Self {
        let places = Places::new(&sizes);
        let mut weights = vec![0.0; places.second_bias.end];
        let mut draw = |range: Range<usize>, bound: f64| {
            weights[range].iter_mut().for_each(|w| *w = random.within(bound));
        };
        draw(0..places.first.start, SMALL);
        draw(places.first.clone(), (6.0 * sizes.hidden as f64 / places.first.len() as f64).sqrt());
        draw(places.second.clone(), (6.0 / sizes.hidden as f64).sqrt());
        Self { sizes, places, weights }
    }

    /// Sets the rows of a table that `counts` (`[rows]`) has 0 for to zeros.
    pub(super) fn clear_unmet(&mut self, table: usize, counts: &[usize]) {
        for id in (0..counts.len()).filter(|id| counts[*id] == 0) {
            let row = self.row(table, id);
            self.weights[row].fill(0.0);
        }
    }

    /// A table by its place among the columns of categories.
    ///
    /// # Errors
    /// When a number is not finite.
    pub(super) fn table(&self, table: usize) -> Result<EmbeddingTable, TableError> {
        let shape = self.sizes.tables[table];
        let numbers = &self.weights[self.places.tables[table]..][..shape.rows * shape.dim];
        EmbeddingTable::new(shape, numbers.iter().map(|n| *n as f32).collect())
    }

    fn row(&self, table: usize, id: usize) -> Range<usize> {
        let dim = self.sizes.tables[table].dim;
        let start = self.places.tables[table] + id * dim;
        start..start + dim
    }

    /// Row into outputs.
    pub(super) fn pass(&self, row: &Row, pass: &mut Pass) {
        pass.inputs.clear();
        for (table, id) in row.ids.iter().enumerate() {
            pass.inputs.extend_from_slice(&self.weights[self.row(table, *id)]);
        }
        pass.inputs.extend_from_slice(&row.numbers);
        self.layer(&pass.inputs, (&self.places.first, &self.places.first_bias), &mut pass.hidden);
        pass.hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        self.layer(&pass.hidden, (&self.places.second, &self.places.second_bias), &mut pass.outputs);
    }

    fn layer(&self, inputs: &[f64], (matrix, bias): (&Range<usize>, &Range<usize>), outputs: &mut Vec<f64>) {
        outputs.clear();
        outputs.extend_from_slice(&self.weights[bias.clone()]);
        let rows = self.weights[matrix.clone()].chunks_exact(bias.len());
        for (input, row) in inputs.iter().zip(rows) {
            add_scaled(outputs, *input, row);
        }
    }

    /// Adds to `gradient` what a row's loss owes to each weight; `pass` comes from [`Network::pass`] of that row, with
    /// slopes in the place of outputs.
    pub(super) fn descend(&self, row: &Row, pass: &Pass, gradient: &mut Gradient) {
        let Gradient { slopes, touched, hidden: at_hidden } = gradient;
        let (places, outputs) = (&self.places, pass.outputs.len());
        add_scaled(&mut slopes[places.second_bias.clone()], 1.0, &pass.outputs);
        outer(&mut slopes[places.second.clone()], &pass.hidden, &pass.outputs);
        let second = self.weights[places.second.clone()].chunks_exact(outputs);
        for ((slope, value), weights) in at_hidden.iter_mut().zip(&pass.hidden).zip(second) {
            *slope = if *value > 0.0 { product(weights, &pass.outputs) } else { 0.0 };
        }
        add_scaled(&mut slopes[places.first_bias.clone()], 1.0, at_hidden);
        outer(&mut slopes[places.first.clone()], &pass.inputs, at_hidden);
        let mut first = self.weights[places.first.clone()].chunks_exact(self.sizes.hidden);
        for (table, id) in row.ids.iter().enumerate() {
            let range = self.row(table, *id);
            slopes[range.clone()].iter_mut().zip(&mut first).for_each(|(s, w)| *s += product(w, at_hidden));
            touched.push(range);
        }
    }

    /// A gradient of nothing yet.
    pub(super) fn gradient(&self) -> Gradient {
        Gradient { slopes: vec![0.0; self.weights.len()], touched: Vec::new(), hidden: vec![0.0; self.sizes.hidden] }
    }
}

/// Adagrad (Duchi, Hazan & Singer 2011): each weight's step is divided by the root of all its squared slopes so far, so
/// that rare categories take large steps. A weight without a slope stays, and so only rows that were met are looked at.
#[derive(Debug, Clone)]
pub(super) struct Adagrad {
    rate: f64,
    squares: Vec<f64>,
}

/// Where the sums of squares begin, about the square of a slope at the start: from zero, each first step would be as long
/// as the rate, whatever its slope.
const FIRST_SQUARE: f64 = 1e-3;

impl Adagrad {
    /// Squares begin at [`FIRST_SQUARE`].
    pub(super) fn new(network: &Network, rate: f64) -> Self {
        Self { rate, squares: vec![FIRST_SQUARE; network.weights.len()] }
    }

    /// A step against the mean of the slopes of `rows` rows, which are then forgotten.
    pub(super) fn step(&mut self, network: &mut Network, gradient: &mut Gradient, rows: usize) {
        gradient.touched.sort_unstable_by_key(|range| range.start);
        gradient.touched.dedup();
        gradient.touched.push(network.places.dense());
        for range in gradient.touched.drain(..) {
            let slopes = &mut gradient.slopes[range.clone()];
            let squares = &mut self.squares[range.clone()];
            for ((weight, slope), square) in network.weights[range].iter_mut().zip(slopes).zip(squares) {
                let mean = std::mem::take(slope) / rows as f64;
                *square += mean * mean;
                *weight -= self.rate * mean / square.sqrt();
            }
        }
    }
}

fn add_scaled(sum: &mut [f64], factor: f64, row: &[f64]) {
    sum.iter_mut().zip(row).for_each(|(s, r)| *s += factor * r);
}

/// Adds `a` times `b` to `sum`, `[a, b]`.
fn outer(sum: &mut [f64], a: &[f64], b: &[f64]) {
    for (factor, row) in a.iter().zip(sum.chunks_exact_mut(b.len())) {
        add_scaled(row, *factor, b);
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::categories::task::Task;
    use crate::categories::{Data, Limits};

    /// 60 rows with two columns of categories and one of numbers; the target is one of three classes or a number.
    fn data(is_class: bool) -> Data {
        let mut text = String::from("a,b,n,y\n");
        for i in 0..60 {
            let target = if is_class { format!("c{}", i * i % 3) } else { format!("{}", (i * 7) % 31) };
            text += &format!("a{},b{},{},{target}\n", i % 5, i * 3 % 7, (i * 11) % 23);
        }
        Data::read(text.as_bytes(), "y", &Limits::default()).unwrap()
    }

    /// The sum of the losses of some rows, and its gradient by [`Network::descend`].
    fn loss(task: &Task<'_>, network: &Network) -> (f64, Gradient) {
        let (mut row, mut pass, mut gradient) = (Row::default(), Pass::default(), network.gradient());
        let mut sum = 0.0;
        for at in 0..12 {
            task.row(at, &mut row);
            network.pass(&row, &mut pass);
            sum += task.loss(at, &mut pass.outputs);
            network.descend(&row, &pass, &mut gradient);
        }
        (sum, gradient)
    }

    fn check_gradient(is_class: bool) {
        let data = data(is_class);
        let rows: Vec<usize> = (0..60).collect();
        let task = Task::new(&data, &rows);
        let mut random = Random::new(5);
        let mut network = task.network(6, &mut random);
        network.weights.iter_mut().for_each(|w| *w += random.within(0.5));
        let gradient = loss(&task, &network).1;
        let half = 1e-6;
        let mut moving = 0;
        for at in 0..network.weights.len() {
            let mut shifted = |by: f64| {
                let weight = network.weights[at];
                network.weights[at] = weight + by;
                let shifted = loss(&task, &network).0;
                network.weights[at] = weight;
                shifted
            };
            let expected = (shifted(half) - shifted(-half)) / (2.0 * half);
            let found = gradient.slopes[at];
            assert!((found - expected).abs() < 1e-6 * (1.0 + expected.abs()), "weight {at}: {found} and {expected}");
            moving += usize::from(found.abs() > 1e-3);
        }
        assert!(moving * 2 > network.weights.len(), "{moving} of {} weights have a slope", network.weights.len());
    }

    #[test]
    fn the_gradient_of_a_number_is_that_of_finite_differences() {
        check_gradient(false);
    }

    #[test]
    fn the_gradient_of_classes_is_that_of_finite_differences() {
        check_gradient(true);
    }

    #[test]
    fn a_step_is_adagrad_and_forgets_the_gradient() {
        let data = data(false);
        let rows: Vec<usize> = (0..60).collect();
        let mut network = Task::new(&data, &rows).network(2, &mut Random::new(1));
        let (mut optimizer, mut gradient) = (Adagrad::new(&network, 0.1), network.gradient());
        let last = network.weights.len() - 1;
        // a row that two rows of the data met is stepped once
        (gradient.slopes[0], gradient.slopes[last], gradient.touched) = (4.0, 6.0, vec![0..3, 0..3]);
        let before = network.weights.clone();
        optimizer.step(&mut network, &mut gradient, 2);
        let moved = |at: usize| before[at] - network.weights[at];
        assert!((moved(0) - 0.1 * 2.0 / (4.0 + FIRST_SQUARE).sqrt()).abs() < 1e-12);
        assert!((moved(last) - 0.1 * 3.0 / (9.0 + FIRST_SQUARE).sqrt()).abs() < 1e-12);
        assert!((1..last).all(|at| moved(at) == 0.0));
        assert!(gradient.slopes.iter().all(|s| *s == 0.0) && gradient.touched.is_empty());
    }
}
