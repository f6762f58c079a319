//! Entity embeddings (Guo & Berkhahn 2016, "Entity embeddings of categorical variables"): each column of categories gets
//! a table, whose rows are learnt by gradient descent with a small network that tells the target from all columns.

use super::columns::UnknownCategory;
use super::data::{Categorical, Data};
use super::learner::{Learner, Split};
use super::network::Network;
use super::random::Random;
use super::table::{EmbeddingTable, RowId, TableError};
use super::task::Task;
use super::vocabulary::Vocabulary;

/// How learning goes. One row in [`held_out`](Settings::held_out) is held out to measure what was learnt, as many others
/// decide when to end, and the rest is learnt from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How often each row is learnt from at most; with 0 the tables stay as they begin.
    pub epochs: usize,
    /// Learning ends after so many epochs without a smaller loss of the checking rows; the best epoch's tables are kept.
    pub patience: usize,
    /// Rows of a step, from 1 to 65,536.
    pub batch: usize,
    /// Adagrad's learning rate, from 0.000001 to 1000.
    pub rate: f64,
    /// Numbers of the hidden layer, from 1 to 1024.
    pub hidden: usize,
    /// One row in so many is held out, from 3 to 100.
    pub held_out: usize,
    /// Decides the split, the first weights, and the order of rows.
    pub seed: u64,
}

impl Default for Settings {
    /// 100 epochs and a patience of 10, 32 rows a step, a rate of 0.05, 32 hidden numbers, one row in five held out,
    /// seed 1.
    fn default() -> Self {
        Self { epochs: 100, patience: 10, batch: 32, rate: 0.05, hidden: 32, held_out: 5, seed: 1 }
    }
}

impl Settings {
    fn check(&self) -> Result<(), TrainError> {
        let ranges = [
            ("batch", self.batch as f64, 1.0, 65536.0),
            ("rate", self.rate, 1e-6, 1e3),
            ("hidden", self.hidden as f64, 1.0, 1024.0),
            ("held_out", self.held_out as f64, 3.0, 100.0),
        ];
        match ranges.into_iter().find(|(_, found, least, most)| !(least..=most).contains(&found)) {
            Some((name, found, least, most)) => Err(TrainError::Setting { name, found, least, most }),
            None => Ok(()),
        }
    }
}

/// How far learning is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// Epochs done.
    pub done: usize,
    /// Epochs at most.
    pub of: usize,
    /// Mean loss of the rows learnt from, each taken just before its step.
    pub training_loss: f64,
    /// Mean loss of the checking rows, after the epoch.
    pub checking_loss: f64,
}

/// How well the target is told from the other columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Mean loss of a row: squared error where the target's deviation is 1, or cross-entropy in nats. Smaller is better.
    pub loss: f64,
    /// The same for people.
    pub figure: Figure,
}

/// A measure that can be told without the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// Of a number, in its own units; smaller is better.
    RootMeanSquareError(f64),
    /// The share of rows whose class was told right, from 0 to 1; greater is better.
    Accuracy(f64),
}

/// What learning gave, measured on the rows held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Before the first step.
    pub before: Quality,
    /// With the weights kept.
    pub after: Quality,
    /// Of always saying the training rows' mean, or the classes' shares and the most frequent class.
    pub baseline: Quality,
    /// The epoch whose weights were kept, from 1; 0 where none was learnt.
    pub epoch: usize,
    /// Rows learnt from.
    pub training_rows: usize,
    /// Rows that decided when to end.
    pub checking_rows: usize,
    /// Rows held out.
    pub held_out_rows: usize,
}

/// The table learnt for a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnEmbedding {
    /// The column's header.
    pub name: String,
    /// Its categories; the number of each is that of its row.
    pub categories: Vocabulary,
    /// A row a category; one that no training row has is all zero.
    pub table: EmbeddingTable,
    /// How many training rows have each category, `[categories]`.
    pub counts: Vec<usize>,
}

/// A category beside another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour<'a> {
    /// The category.
    pub category: &'a str,
    /// The cosine of their rows, from -1 to 1: greater is nearer.
    pub cosine: f32,
}

impl ColumnEmbedding {
    /// The `k` categories nearest to `category` by cosine, ties in order of first appearance. One that no training row
    /// has is near to none.
    ///
    /// # Errors
    /// When the column has no such category.
    pub fn nearest(&self, category: &str, k: usize) -> Result<Vec<Neighbour<'_>>, UnknownCategory> {
        let unknown = || UnknownCategory { value: category.into(), known: self.categories.len() };
        let id = self.categories.id(category).ok_or_else(unknown)?;
        let nearest = self.table.nearest(RowId(id), k).unwrap_or_default();
        let named = |(row, cosine)| self.categories.name(row).map(|category| Neighbour { category, cosine });
        Ok(nearest.into_iter().filter_map(|near| named((near.key.0, near.score))).collect())
    }
}

/// What was learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityEmbeddings {
    /// A table for each column of categories, in the data's order.
    pub columns: Vec<ColumnEmbedding>,
    /// How well the network did that they were learnt with.
    pub report: Report,
}

/// Why nothing was learnt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// A setting out of its range.
    #[error("cannot learn with {name} = {found}: it must be from {least} to {most}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was given.
        found: f64,
        /// The least it may be.
        least: f64,
        /// The most it may be.
        most: f64,
    },
    /// No column of categories.
    #[error("the table has no column of categories beside the target: there is nothing to learn a row for")]
    NoCategories,
    /// Fewer rows than one in [`Settings::held_out`] can be taken from.
    #[error("cannot hold out one row in {held_out} of {rows} rows; hold out more, or give more rows")]
    TooFewRows {
        /// How many there are.
        rows: usize,
        /// One in how many.
        held_out: usize,
    },
    /// Steps that lead away.
    #[error(
        "learning diverged in epoch {epoch}: the loss went from {before:.3} to {loss:.3e}; learn with a rate below {rate}"
    )]
    Diverged {
        /// From 1.
        epoch: usize,
        /// The loss before the first step.
        before: f64,
        /// Where it was noticed.
        loss: f64,
        /// The rate.
        rate: f64,
    },
    /// A table that is beyond f32.
    #[error("the table learnt for “{column}” cannot be kept; learn with a smaller rate")]
    Table {
        /// The column.
        column: String,
        /// Why.
        source: TableError,
    },
}

/// How many numbers a row for one of `categories` has: half as many as categories, from 2 to 8. Guo & Berkhahn choose by
/// hand between 1 and one less than the categories; rows that are short must share directions, which makes neighbours.
pub fn dimension(categories: usize) -> usize {
    categories.div_ceil(2).clamp(2, 8)
}

/// Learns a table for each column of categories of `data`: rows of tables and standardised numbers, side by side, pass a
/// hidden layer (ReLU) to the target; squared error or cross-entropy descends by Adagrad in small batches. The same data
/// and settings give the same bits on one machine. `on_epoch` is told of each epoch as it ends.
///
/// # Errors
/// When a setting is out of range, there is no column of categories, there are too few rows, or learning diverges.
pub fn fit(data: &Data, settings: &Settings, on_epoch: &mut dyn FnMut(Epoch)) -> Result<EntityEmbeddings, TrainError> {
    settings.check()?;
    if data.categorical.is_empty() {
        return Err(TrainError::NoCategories);
    }
    if data.rows < settings.held_out {
        return Err(TrainError::TooFewRows { rows: data.rows, held_out: settings.held_out });
    }
    let mut random = Random::new(settings.seed);
    let split = Split::new(data.rows, settings.held_out, &mut random);
    let task = Task::new(data, &split.training);
    let network = task.network(settings.hidden, &mut random);
    let before = task.quality(&network, &split.held_out);
    let best = Learner::new(&task, settings, network).run(&split, &mut random, on_epoch)?;
    let report = Report {
        before,
        after: task.quality(&best.network, &split.held_out),
        baseline: task.baseline(&split.held_out),
        epoch: best.epoch,
        training_rows: split.training.len(),
        checking_rows: split.checking.len(),
        held_out_rows: split.held_out.len(),
    };
    Ok(EntityEmbeddings { columns: columns(data, &task, &best.network)?, report })
}

fn columns(data: &Data, task: &Task<'_>, network: &Network) -> Result<Vec<ColumnEmbedding>, TrainError> {
    let column = |(at, (column, counts)): (usize, (&Categorical, &Vec<usize>))| {
        let kept = |source| TrainError::Table { column: column.name.clone(), source };
        let (name, categories) = (column.name.clone(), column.categories.clone());
        Ok(ColumnEmbedding { name, categories, table: network.table(at).map_err(kept)?, counts: counts.clone() })
    };
    data.categorical.iter().zip(task.counts()).enumerate().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::categories::Limits;

    /// Towns on a ring; their names say nothing of their places.
    const TOWNS: usize = 24;
    /// Each town has two true neighbours among 23: by chance 2.1 of 24 nearest rows are one, and 8 or more once in a
    /// thousand tables (binomial).
    const BY_CHANCE_AT_MOST: usize = 7;
    const AT_LEAST: usize = 20;

    fn read(text: &str, target: &str) -> Data {
        Data::read(text.as_bytes(), target, &Limits::default()).unwrap()
    }

    fn place(town: &str) -> usize {
        town[1..].parse::<usize>().unwrap() * 7 % TOWNS
    }

    /// The price is high in the town that the season favours and falls with the distance from it along the ring; size
    /// and chance change it a little.
    fn ring(rows: usize) -> Data {
        let mut random = Random::new(3);
        let mut text = String::from("town,season,size,price\n");
        for _ in 0..rows {
            let (town, season, size) = (format!("t{}", random.below(TOWNS)), random.below(4), random.within(1.0));
            let turn = place(&town) as f64 / TOWNS as f64 - season as f64 / 4.0;
            let price = 300.0 + 100.0 * (turn * std::f64::consts::TAU).cos() + 20.0 * size + random.within(20.0);
            text += &format!("{town},s{season},{size},{price}\n");
        }
        read(&text, "price")
    }

    /// How many towns have a true neighbour as their nearest row.
    fn true_neighbours(towns: &ColumnEmbedding) -> usize {
        let is_true = |town: &&str| {
            let near = towns.nearest(town, 1).unwrap()[0].category;
            [1, TOWNS - 1].contains(&((place(town) + TOWNS - place(near)) % TOWNS))
        };
        towns.categories.names().filter(is_true).count()
    }

    fn learn(data: &Data, settings: Settings) -> EntityEmbeddings {
        fit(data, &settings, &mut |_| ()).unwrap()
    }

    #[test]
    fn towns_that_are_alike_become_neighbours() {
        let data = ring(3000);
        for seed in 1..4 {
            let learnt = learn(&data, Settings { seed, ..Settings::default() });
            let found = true_neighbours(&learnt.columns[0]);
            assert!(found >= AT_LEAST, "{found} of {TOWNS} with seed {seed}");
            let Report { before, after, baseline, .. } = learnt.report;
            assert!(after.loss < 0.05 * baseline.loss && baseline.loss < before.loss, "{:?}", learnt.report);
            let Figure::RootMeanSquareError(error) = after.figure else { panic!("prices are numbers") };
            // even from -20 to 20 has a deviation of 11.5, which nothing can tell
            assert!((11.0..16.0).contains(&error), "{error}");
            let untrained = learn(&data, Settings { seed, epochs: 0, ..Settings::default() });
            let by_chance = true_neighbours(&untrained.columns[0]);
            assert!(by_chance <= BY_CHANCE_AT_MOST, "{by_chance} of {TOWNS} with seed {seed}, and nothing was learnt");
            assert_eq!((untrained.report.epoch, untrained.report.after), (0, untrained.report.before));
        }
    }

    /// 30 goods of three kinds that nothing names; who buys them depends on the kind and on the day.
    fn goods(rows: usize) -> Data {
        let mut random = Random::new(4);
        let mut text = String::from("good,day,buyer\n");
        for _ in 0..rows {
            let (good, day, chance) = (random.below(30), random.below(7), random.below(10));
            let buyer = if chance == 0 { random.below(3) } else { (good % 3 + usize::from(day > 4)) % 3 };
            text += &format!("g{good},d{day},b{buyer}\n");
        }
        read(&text, "buyer")
    }

    #[test]
    fn goods_of_one_kind_become_neighbours() {
        let data = goods(2000);
        let of_a_kind = |goods: &ColumnEmbedding| {
            let kind = |good: &str| good[1..].parse::<usize>().unwrap() % 3;
            let same = |good: &&str| kind(goods.nearest(good, 1).unwrap()[0].category) == kind(good);
            goods.categories.names().filter(same).count()
        };
        let learnt = learn(&data, Settings::default());
        assert!(of_a_kind(&learnt.columns[0]) >= 28, "{} of 30", of_a_kind(&learnt.columns[0]));
        // 9 of 29 others are of one's kind: 9.3 of 30 by chance, and 18 or more once in a thousand tables
        let untrained = learn(&data, Settings { epochs: 0, ..Settings::default() });
        assert!(of_a_kind(&untrained.columns[0]) < 18);
        let Report { after, baseline, .. } = learnt.report;
        assert!(after.loss < 0.6 * baseline.loss, "{:?}", learnt.report);
        // nine tenths and a third of the last
        let Figure::Accuracy(share) = after.figure else { panic!("buyers are classes") };
        assert!((0.88..0.98).contains(&share), "{share}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let data = ring(600);
        let bits = |seed| {
            let learnt = learn(&data, Settings { epochs: 5, seed, ..Settings::default() });
            let rows = |c: &ColumnEmbedding| -> Vec<u32> {
                let row = |id| c.table.row(RowId(id)).unwrap().iter().map(|n| n.to_bits());
                (0..c.table.shape().rows).flat_map(row).collect()
            };
            (learnt.columns.iter().map(rows).collect::<Vec<_>>(), learnt.report.after.loss.to_bits())
        };
        assert_eq!(bits(1), bits(1));
        assert_ne!(bits(1), bits(2));
    }

    #[test]
    fn epochs_are_told_and_end_when_nothing_more_is_learnt() {
        // nothing to learn: the target is a count of rows that no column knows
        let rows: Vec<String> = (0..300).map(|i| format!("c{},{}", i * 7 % 13, (i * i) % 97)).collect();
        let data = read(&format!("c,y\n{}\n", rows.join("\n")), "y");
        let mut told = Vec::new();
        let settings = Settings { patience: 3, ..Settings::default() };
        let report = fit(&data, &settings, &mut |epoch| told.push(epoch)).unwrap().report;
        assert!(told.len() < settings.epochs && told.iter().map(|e| e.done).eq(1..=told.len()));
        assert_eq!(report.epoch + settings.patience, told.len());
        let least = told.iter().map(|e| e.checking_loss).fold(f64::INFINITY, f64::min);
        assert_eq!(told[report.epoch - 1].checking_loss, least);
        assert_eq!((report.training_rows, report.checking_rows, report.held_out_rows), (180, 60, 60));
        assert!(report.after.loss < 1.5 * report.baseline.loss, "{report:?}");
    }

    #[test]
    fn a_category_that_was_not_met_has_no_neighbours() {
        let data = goods(60);
        let goods = &learn(&data, Settings { epochs: 2, ..Settings::default() }).columns[0];
        let unmet = goods.counts.iter().position(|count| *count == 0).unwrap();
        assert!(goods.table.row(RowId(unmet)).unwrap().iter().all(|n| *n == 0.0));
        let name = goods.categories.name(unmet).unwrap();
        assert!(goods.nearest(name, 5).unwrap().is_empty());
        let met = goods.categories.name(goods.counts.iter().position(|count| *count > 0).unwrap()).unwrap();
        assert!(goods.nearest(met, 99).unwrap().iter().all(|near| near.category != name && near.category != met));
        assert_eq!(goods.nearest("g77", 1).unwrap_err().value, "g77");
    }

    #[test]
    fn a_rate_that_is_too_great_is_said_to_diverge() {
        for data in [ring(300), goods(300)] {
            let error = fit(&data, &Settings { rate: 1000.0, ..Settings::default() }, &mut |_| ()).unwrap_err();
            assert!(matches!(error, TrainError::Diverged { epoch: 1, .. }), "{error}");
        }
    }

    #[test]
    fn numbers_of_any_size_are_learnt_from() {
        let row =
            |i: usize| format!("c{},{},{}", i % 3, [1e100, -1e100, 1e-300][i * i % 3] * i as f64 / 100.0, i * i % 83);
        let rows: Vec<String> = (0..100).map(row).collect();
        let learnt = learn(&read(&format!("c,n,y\n{}\n", rows.join("\n")), "y"), Settings::default());
        assert!(learnt.report.after.loss.is_finite());
    }

    #[test]
    fn what_cannot_be_learnt_is_said() {
        let data = goods(60);
        let why = |settings| fit(&data, &settings, &mut |_| ()).unwrap_err();
        let usual = Settings::default();
        let error = why(Settings { batch: 0, ..usual });
        assert_eq!(error.to_string(), "cannot learn with batch = 0: it must be from 1 to 65536");
        assert!(matches!(why(Settings { rate: f64::NAN, ..usual }), TrainError::Setting { name: "rate", .. }));
        assert_eq!(why(Settings { held_out: 61, ..usual }), TrainError::TooFewRows { rows: 60, held_out: 61 });
        let numbers: Vec<String> = (0..60).map(|i| format!("{}.5,{}", i, i % 2)).collect();
        let data = read(&format!("n,y\n{}\n", numbers.join("\n")), "y");
        assert_eq!(fit(&data, &usual, &mut |_| ()), Err(TrainError::NoCategories));
    }

    #[test]
    fn a_row_has_half_as_many_numbers_as_categories_within_bounds() {
        assert_eq!([1, 2, 4, 5, 16, 17, 5000].map(dimension), [2, 2, 2, 3, 8, 8, 8]);
    }
}
