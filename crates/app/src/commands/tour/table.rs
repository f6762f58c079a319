//! The tour of a person's own table: its categories get vectors, learnt with what is to be told from them.

use std::path::Path;

use qiao::categories::data::{Target, WhyLeftOut};
use qiao::categories::training::{ColumnEmbedding, Epoch, Figure, Quality, Report, dimension};
use qiao::categories::{Data, EntityEmbeddings, Limits, RowId, Settings, fit};
use qiao::tour::plane;
use qiao::{Error, Kind};

use super::story::{Block, Cell, Curves, Map, Step, Table};
use super::{Speaker, Telling, page, say};
use crate::out::LearnProgress;

/// Multiplications in all epochs together, at most: about half a minute.
const WORK: usize = 20_000_000_000;
/// How much likelier what was learnt must make the held-out rows than one answer for all, in nats: 90 to 1.
const EVIDENCE: f64 = 4.5;
/// Categories on a map at most, the most frequent.
const MAPPED: usize = 100;
/// Neighbours shown of a category.
const NEIGHBOURS: usize = 3;

pub(super) fn tour(telling: &mut Telling<'_>, csv: &Path, target: &str) -> anyhow::Result<()> {
    let speaker = telling.speaker;
    let doing = || format!("cannot learn from {}", csv.display());
    let data = Data::open(csv, target, &Limits::default()).map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
    telling.step(speaker.columns(&data))?;
    let usual = Settings::default();
    let settings = Settings { epochs: (WORK / work(&data, &usual).max(1)).clamp(1, usual.epochs), ..usual };
    let mut epochs = Vec::new();
    let progress = LearnProgress::new(telling.printer);
    let learnt = fit(&data, &settings, &mut |epoch| {
        progress.show(epoch.done, epoch.of);
        epochs.push(epoch);
    });
    drop(progress);
    let learnt = learnt.map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
    telling.step(speaker.learning(target, &learnt, &epochs))?;
    let shown = if telling.printer.json() { usize::MAX } else { page::ROWS };
    for (i, column) in learnt.columns.iter().enumerate() {
        let mut step = speaker.column(i, column, shown);
        if has_learnt(&learnt) {
            step.notice.push(say!(
                speaker,
                "Where {name} matters to “{target}”, neighbours do the same to it, whatever they are called; where it does not, \
                 they are neighbours by chance.",
                "如果“{name}”影响“{target}”，邻居的影响就相近，不管名字像不像；如果不影响，它们成为邻居只是碰巧。",
                name = column.name
            ));
        }
        telling.step(step)?;
    }
    Ok(())
}

/// Multiplications of an epoch: of each row's inputs with the hidden numbers, and of those with the outputs.
fn work(data: &Data, settings: &Settings) -> usize {
    let inputs: usize = data.categorical().iter().map(|c| dimension(c.categories.len())).sum();
    let outputs = match data.target() {
        Target::Number(_) => 1,
        Target::Class(classes) => classes.categories.len(),
    };
    data.rows() * settings.hidden * (inputs + data.numeric().len() + outputs)
}

/// Whether what was learnt tells of rows that it never saw more than chance would: by the ratio of likelihoods, which for a
/// number is that of normal distributions.
fn has_learnt(learnt: &EntityEmbeddings) -> bool {
    let Report { after, baseline, held_out_rows, .. } = learnt.report;
    let gain = match after.figure {
        Figure::RootMeanSquareError(_) => (baseline.loss / after.loss.max(f64::MIN_POSITIVE)).ln() / 2.0,
        Figure::Accuracy(_) => baseline.loss - after.loss,
    };
    gain * held_out_rows as f64 > EVIDENCE
}

impl Speaker {
    /// What was read.
    fn columns(&self, data: &Data) -> Step {
        let text = |name: &str, kind: String, count: usize, zeros: Cell| {
            vec![Cell::Text(name.to_owned()), Cell::Text(kind), Cell::Count(count as u64), zeros]
        };
        let categories = |c: &qiao::categories::data::Categorical| {
            let zeros = 100.0 * (1.0 - 1.0 / c.categories.len().max(1) as f64);
            text(&c.name, self.say("categories", "类别"), c.categories.len(), Cell::Text(format!("{zeros:.2}%")))
        };
        let numbers = |n: &qiao::categories::data::Numeric| {
            vec![
                Cell::Text(n.name.clone()),
                Cell::Text(self.say("numbers", "数字")),
                Cell::Text(String::new()),
                Cell::Text(String::new()),
            ]
        };
        let target = match data.target() {
            Target::Number(n) => {
                vec![Cell::Text(n.name.clone()), Cell::Text(self.say("target, a number", "目标，数字"))]
            }
            Target::Class(c) => vec![Cell::Text(c.name.clone()), Cell::Text(self.say("target, a class", "目标，类别"))],
        };
        let left_out =
            |c: &qiao::categories::data::LeftOut| vec![Cell::Text(c.name.clone()), Cell::Text(self.why(c.why))];
        let mut rows: Vec<Vec<Cell>> = data.categorical().iter().map(categories).collect();
        rows.extend(data.numeric().iter().map(numbers));
        let head = vec![
            self.say("column", "列"),
            self.say("holds", "内容"),
            self.say("distinct", "不同的值"),
            self.say("zeros of a one-hot code", "独热编码中 0 的比例"),
        ];
        let mut blocks = vec![Block::Table(Table::whole(head, rows))];
        let mut others = vec![target];
        others.extend(data.left_out().iter().map(left_out));
        let head = vec![self.say("column", "列"), self.say("not learnt from", "不作为输入")];
        blocks.push(Block::Table(Table::whole(head, others)));
        let width: usize = data.categorical().iter().map(|c| c.categories.len()).sum();
        let (count, without) = (data.rows(), data.rows_without_target());
        let mut notice = vec![say!(
            self,
            "One-hot codes of all these categories together would be {width} numbers wide.",
            "这些类别若都用独热编码，合起来有 {width} 个数那么宽。"
        )];
        if without > 0 {
            notice.push(say!(
                self,
                "Rows without a target, which were passed over: {without}.",
                "没有目标值、已略过的行：{without}。"
            ));
        }
        Step {
            title: self.say("1. Categories and numbers", "1. 类别与数字"),
            text: say!(
                self,
                "{count} rows with a target were read. Each column holds categories or numbers:",
                "读入 {count} 行（都有目标值）。每一列要么是类别，要么是数字："
            ),
            blocks,
            notice,
            further: Vec::new(),
        }
    }

    fn why(&self, why: WhyLeftOut) -> String {
        match why {
            WhyLeftOut::OneValue => self.say("it holds the same in every row", "每一行都一样"),
            WhyLeftOut::Keys { categories, rows } => say!(
                self,
                "it has {categories} categories in {rows} rows, fewer than two rows each",
                "{rows} 行里有 {categories} 个类别，平均每类不到两行"
            ),
            WhyLeftOut::Numbering => self.say("it numbers the rows", "只是行号"),
            WhyLeftOut::TooMany { most } => say!(self, "it has more than {most} categories", "类别超过 {most} 个"),
        }
    }

    /// How learning went.
    fn learning(&self, target: &str, learnt: &EntityEmbeddings, epochs: &[Epoch]) -> Step {
        let report = learnt.report;
        let width: usize = learnt.columns.iter().map(|c| c.table.shape().dim).sum();
        let series = vec![
            (self.say("rows learnt from", "学习用的行"), epochs.iter().map(|e| e.training_loss).collect()),
            (self.say("checking rows", "检查用的行"), epochs.iter().map(|e| e.checking_loss).collect()),
        ];
        let steps = epochs.iter().map(|e| say!(self, "epoch {n}", "第 {n} 轮", n = e.done)).collect();
        let quality = |name: String, quality: Quality| {
            let figure = match quality.figure {
                Figure::RootMeanSquareError(error) => Cell::Number(error),
                Figure::Accuracy(share) => Cell::Text(format!("{:.1}%", share * 100.0)),
            };
            vec![Cell::Text(name), Cell::Number(quality.loss), figure]
        };
        let figure = match report.after.figure {
            Figure::RootMeanSquareError(_) => self.say("typical error (RMSE)", "均方根误差"),
            Figure::Accuracy(_) => self.say("predicted right", "判断正确的比例"),
        };
        let head = vec![
            say!(self, "{n} rows held out", "留出的 {n} 行", n = report.held_out_rows),
            self.say("loss", "损失"),
            figure,
        ];
        let rows = vec![
            quality(self.say("always the same answer", "永远同一个答案"), report.baseline),
            quality(self.say("before learning", "学习之前"), report.before),
            quality(self.say("after learning", "学习之后"), report.after),
        ];
        let kept = report.epoch;
        let verdict = match has_learnt(learnt) {
            true => say!(
                self,
                "The tables of epoch {kept} were kept. On rows that it never saw it does better than one answer for all, so \
                 the rows below have learnt something of “{target}”.",
                "保留了第 {kept} 轮的表。在从未见过的行上，它胜过永远同一个答案，可见下面的向量确实学到了关于“{target}”的东西。"
            ),
            false => say!(
                self,
                "On rows that it never saw it does no better than one answer for all, or no more than chance would: nothing was \
                 learnt of “{target}” here, and the neighbours below mean nothing.",
                "在从未见过的行上，它不比永远同一个答案强，或者只强在碰巧：这里没有学到关于“{target}”的东西，下面的邻居也就没有意义。"
            ),
        };
        Step {
            title: self.say("2. Learning the rows", "2. 学出每一行"),
            text: say!(
                self,
                "Each category gets a row of a few numbers ({width} for all columns together), at random at first. A small \
                 network predicts “{target}” from the rows, and what it gets wrong moves the rows (gradient descent).",
                "每个类别先得到一行随机的数（所有列合起来 {width} 个）。一个小网络根据这些行推断“{target}”，错了多少，就把行往对的方向挪一点（梯度下降）。"
            ),
            blocks: vec![Block::Curves(Curves { steps, series }), Block::Table(Table::whole(head, rows))],
            notice: vec![verdict],
            further: Vec::new(),
        }
    }

    /// Which categories came to lie together.
    fn column(&self, i: usize, column: &ColumnEmbedding, shown: usize) -> Step {
        let empty = self.say("(empty)", "（空）");
        let named = |name: &str| if name.is_empty() { empty.clone() } else { name.to_owned() };
        let mut order: Vec<usize> = (0..column.categories.len()).collect();
        order.sort_by_key(|id| (std::cmp::Reverse(column.counts[*id]), *id));
        let row = |id: &usize| {
            let name = column.categories.name(*id).unwrap_or_default();
            let near = column.nearest(name, NEIGHBOURS).unwrap_or_default();
            let near = near.iter().filter(|n| n.cosine > 0.0);
            let near: Vec<String> = near.map(|n| format!("{} {:.2}", named(n.category), n.cosine)).collect();
            let numbers = column.table.row(RowId(*id)).unwrap_or_default().to_vec();
            vec![
                Cell::Text(named(name)),
                Cell::Count(column.counts[*id] as u64),
                Cell::Text(self.list(&near)),
                Cell::Vector(numbers),
            ]
        };
        let head = vec![
            column.name.clone(),
            self.say("rows learnt from", "学习用的行数"),
            self.say("nearest", "最近的"),
            self.say("its vector", "它的向量"),
        ];
        // a category that no row was learnt from has no place
        let met = order.iter().filter(|id| column.counts[**id] > 0).take(MAPPED);
        let met: Vec<(String, &[f32])> = met
            .filter_map(|id| Some((named(column.categories.name(*id)?), column.table.row(RowId(*id)).ok()?)))
            .collect();
        let rows: Vec<&[f32]> = met.iter().map(|(_, row)| *row).collect();
        let points: Vec<(String, [f32; 2])> = met.iter().map(|(name, _)| name.clone()).zip(plane(&rows)).collect();
        let count = column.categories.len();
        let left = count.saturating_sub(shown);
        let rows = order.iter().take(shown).map(row).collect();
        let mut blocks = vec![Block::Table(Table { head, rows, left })];
        if points.len() > 2 {
            blocks.push(Block::Map(Map {
                title: self.say("the plane on which they differ most", "差别最大的那个平面"),
                points,
            }));
        }
        let (number, name) = (i + 3, &column.name);
        let dim = column.table.shape().dim;
        Step {
            title: format!("{number}. {name}"),
            text: say!(
                self,
                "{count} categories, each a vector of {dim} numbers, where a one-hot code has {count}. The most frequent first, each \
                 with the categories whose vectors point most nearly the same way (cosine).",
                "{count} 个类别，每个用 {dim} 个数，独热编码则要 {count} 个。最常见的排在前面，各附向量方向最接近的几个类别（余弦）。"
            ),
            blocks,
            notice: Vec::new(),
            further: Vec::new(),
        }
    }
}
