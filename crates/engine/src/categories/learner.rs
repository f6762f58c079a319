//! The descent itself: epochs of steps, until rows beside those learnt from say that it is enough.

use super::network::{Adagrad, Gradient, Network, Pass, Row};
use super::random::Random;
use super::task::Task;
use super::training::{Epoch, Settings, TrainError};

/// Rows of the data in three parts without common rows.
pub(super) struct Split {
    pub(super) training: Vec<usize>,
    /// Decides when learning ends, and so cannot tell how good it was.
    pub(super) checking: Vec<usize>,
    pub(super) held_out: Vec<usize>,
}

impl Split {
    /// Of `rows` rows, one in `held_out` is held out and as many are for checking.
    pub(super) fn new(rows: usize, held_out: usize, random: &mut Random) -> Self {
        let mut training: Vec<usize> = (0..rows).collect();
        random.shuffle(&mut training);
        let part = rows / held_out;
        let held_out = training.split_off(rows - part);
        let checking = training.split_off(rows - 2 * part);
        Self { training, checking, held_out }
    }
}

/// Where the checking rows had their least loss.
pub(super) struct Best {
    pub(super) network: Network,
    /// Epochs done then.
    pub(super) epoch: usize,
    loss: f64,
}

/// A network on its way down.
pub(super) struct Learner<'a> {
    task: &'a Task<'a>,
    settings: &'a Settings,
    network: Network,
    optimizer: Adagrad,
    gradient: Gradient,
    row: Row,
    pass: Pass,
}

/// A training loss of so many times that before the first step is a descent that went up.
const DIVERGED: f64 = 10.0;

impl<'a> Learner<'a> {
    pub(super) fn new(task: &'a Task<'a>, settings: &'a Settings, network: Network) -> Self {
        let optimizer = Adagrad::new(&network, settings.rate);
        let gradient = network.gradient();
        Self { task, settings, network, optimizer, gradient, row: Row::default(), pass: Pass::default() }
    }

    /// Learns, and tells `on_epoch` of each epoch.
    pub(super) fn run(
        mut self,
        split: &Split,
        random: &mut Random,
        on_epoch: &mut dyn FnMut(Epoch),
    ) -> Result<Best, TrainError> {
        let before = self.task.quality(&self.network, &split.training).loss;
        let mut best = Best { network: self.network.clone(), epoch: 0, loss: f64::INFINITY };
        let mut order = split.training.clone();
        let of = self.settings.epochs;
        for done in 1..=of {
            random.shuffle(&mut order);
            let training_loss = self.epoch(&order);
            let checking_loss = self.task.quality(&self.network, &split.checking).loss;
            let epoch = Epoch { done, of, training_loss, checking_loss };
            self.check(before, &epoch)?;
            on_epoch(epoch);
            if checking_loss < best.loss {
                best = Best { network: self.network.clone(), epoch: done, loss: checking_loss };
            } else if done - best.epoch >= self.settings.patience {
                break;
            }
        }
        Ok(best)
    }

    /// Steps through all rows once; the mean of their losses, each before its step.
    fn epoch(&mut self, order: &[usize]) -> f64 {
        let mut sum = 0.0;
        for batch in order.chunks(self.settings.batch) {
            sum += batch.iter().map(|at| self.descend(*at)).sum::<f64>();
            self.optimizer.step(&mut self.network, &mut self.gradient, batch.len());
        }
        sum / order.len() as f64
    }

    /// Adds a row to the gradient; its loss.
    fn descend(&mut self, at: usize) -> f64 {
        self.task.row(at, &mut self.row);
        self.network.pass(&self.row, &mut self.pass);
        let loss = self.task.loss(at, &mut self.pass.outputs);
        self.network.descend(&self.row, &self.pass, &mut self.gradient);
        loss
    }

    /// Whether the descent still goes down from a training loss of `before`.
    fn check(&self, before: f64, epoch: &Epoch) -> Result<(), TrainError> {
        let loss = epoch.training_loss;
        match loss <= DIVERGED * before && epoch.checking_loss.is_finite() {
            true => Ok(()),
            false => Err(TrainError::Diverged { epoch: epoch.done, before, loss, rate: self.settings.rate }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_has_every_row_once() {
        let split = Split::new(53, 5, &mut Random::new(1));
        assert_eq!([split.training.len(), split.checking.len(), split.held_out.len()], [33, 10, 10]);
        let mut rows = [split.training, split.checking, split.held_out].concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..53).collect::<Vec<_>>());
    }
}
