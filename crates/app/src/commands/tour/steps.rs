//! The six steps from one-hot codes to an answer, in words.

use qiao::model::TracedToken;
use qiao::tour::{Codes, LookedUp, Meanings, Passage, Phrases, Prompted, Rows, Searched};
use qiao::types::Locator;

use super::story::{Bars, Block, Cell, Curves, Found, Growth, Letter, Map, Profiles, Quote, Shown, Step, Table};
use super::{Speaker, say};
use crate::views::{folded, place};

impl Speaker {
    pub(super) fn codes(&self, codes: &Codes) -> Step {
        let categories = codes.codes.len();
        let dimension = codes.codes.first().map_or(0, |code| code.dense.len());
        let zeros = codes.share_of_zeros * 100.0;
        let last = codes.growth.last();
        let (most, emptiest) = last.map_or((0, 0.0), |g| (g.categories, g.share_of_zeros * 100.0));
        let row = |code: &qiao::tour::Code| {
            vec![
                Cell::Text(code.category.clone()),
                Cell::Vector(code.one_hot.clone()),
                Cell::Vector(code.dense.clone()),
            ]
        };
        let head = vec![self.say("genre", "类别"), self.say("one-hot", "独热编码"), self.say("dense", "稠密向量")];
        let pairs = (0..categories).flat_map(|a| (a + 1..categories).map(move |b| (a, b)));
        let pairs: Vec<(String, f32)> = pairs
            .map(|(a, b)| (format!("{} · {}", codes.codes[a].category, codes.codes[b].category), codes.cosines[a][b]))
            .collect();
        let nearest = pairs.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(pair, _)| pair.clone()).unwrap_or_default();
        let growth = Growth {
            across: self.say("categories", "类别的个数"),
            up: self.say("numbers in a code", "一个编码有多少个数"),
            points: codes.growth.iter().map(|g| (g.categories, g.width)).collect(),
            level: (self.say("dense", "稠密向量"), dimension),
        };
        let quoted = codes.codes.iter().map(|code| format!("\"{}\"", code.category)).collect::<Vec<_>>().join(" ");
        Step {
            title: self.say("1. From a name to numbers", "1. 从名字到数字"),
            text: say!(
                self,
                "A machine computes with numbers, so a category has to become numbers. The oldest way is to count: of \
                 {categories} genres each gets a place of its own, a 1 there and 0 elsewhere (a one-hot code). The other \
                 way is a dense code: {dimension} numbers that a model computes from the name.",
                "机器只会算数，所以类别要先变成数字。最老的办法是数数：{categories} 个类别各占一格，自己那格写 1，其余写 0，\
                 这叫独热编码。另一种办法是稠密向量：由模型根据名字算出 {dimension} 个数。"
            ),
            blocks: vec![
                Block::Table(Table::whole(head, codes.codes.iter().map(row).collect())),
                Block::Growth(growth),
                Block::Bars(Bars { rows: pairs }),
            ],
            notice: vec![
                say!(
                    self,
                    "{zeros:.1}% of the numbers in these one-hot codes are zero, and every new category makes all of them longer: with {most} \
                     categories a code has {most} numbers, {emptiest:.2}% of them zero. The dense code keeps its {dimension}.",
                    "这些独热编码里有 {zeros:.1}% 是 0。每添一个类别，所有编码都要加长一格：到 {most} 类时，一个编码就有 {most} 个数，\
                     其中 {emptiest:.2}% 是 0。稠密向量始终是 {dimension} 个数。"
                ),
                say!(
                    self,
                    "Any two one-hot codes have cosine 0: none is nearer to one than to another. The dense ones (bars) say \
                     that {nearest} are the nearest pair.",
                    "任意两个独热编码的余弦都是 0，谁和谁都一样远。稠密向量（横条）却说得出，最近的一对是 {nearest}。"
                ),
            ],
            further: vec![
                self.command(&format!("embed {quoted}")),
                self.command_alone("tour --csv TABLE.csv --target COLUMN"),
            ],
        }
    }

    pub(super) fn rows(&self, rows: &Rows) -> Step {
        let (count, width) = (rows.rows, rows.width);
        let row = |word: &LookedUp| -> Vec<Vec<Cell>> {
            let row = |token: &TracedToken| {
                let (id, row) = (Cell::Count(token.id.into()), Cell::Vector(token.row.clone()));
                vec![Cell::Text(word.word.clone()), Cell::Text(token.token.clone()), id, row]
            };
            word.tokens.iter().map(row).collect()
        };
        let head = vec![
            self.say("word", "词"),
            self.say("token", "词元"),
            self.say("id", "编号"),
            self.say("row of the table", "表中那一行"),
        ];
        let near = |word: &LookedUp| {
            let names = word.nearest.iter().map(|near| format!("{} {:.2}", near.token, near.cosine));
            let token = word.tokens.last().map(|token| token.token.clone()).unwrap_or_default();
            vec![Cell::Text(token), Cell::Text(names.collect::<Vec<_>>().join(", "))]
        };
        let neighbours: Vec<Vec<Cell>> = rows.words.iter().filter(|word| !word.nearest.is_empty()).map(near).collect();
        let unknown: Vec<&str> = rows
            .words
            .iter()
            .filter(|word| word.tokens.is_empty() || word.tokens.iter().any(|token| token.unknown))
            .map(|word| word.word.as_str())
            .collect();
        let mut notice = vec![say!(
            self,
            "Looking up is no computing: the id is the number of a row, and the same id always gives the same row. It equals \
             a one-hot code of {count} numbers times the table, without the zeros.",
            "查表不用计算：编号就是行号，同一个编号永远取出同一行。这等于拿一个 {count} 位的独热编码去乘整张表，只是省掉了所有的 0。"
        )];
        let mut blocks = vec![Block::Table(Table::whole(head, rows.words.iter().flat_map(row).collect()))];
        if !neighbours.is_empty() {
            let head = vec![self.say("token", "词元"), self.say("nearest rows", "最近的行")];
            blocks.push(Block::Table(Table::whole(head, neighbours)));
            notice.push(self.say(
                "Nobody wrote these numbers: training did. Rows of tokens that stand in like places have come to lie near each \
                 other (second table: the nearest rows, with their cosines).",
                "这些数字不是人填的，是训练出来的。用法相近的词元，行与行就靠得近（第二张表：最近的几行和它们的余弦）。",
            ));
        }
        if !unknown.is_empty() {
            let unknown = self.list(&unknown);
            notice.push(say!(
                self,
                "This model does not know: {unknown}. What has no row of its own cannot be told apart.",
                "这个模型不认识：{unknown}。没有自己的行，就分辨不出来。"
            ));
        }
        let words: Vec<String> = rows.words.iter().map(|word| format!("\"{}\"", word.word)).collect();
        Step {
            title: self.say("2. A table of rows", "2. 一张查找表"),
            text: say!(
                self,
                "The dense code of a word begins as a row of a table: an id goes in, a row comes out. The table of {model} has \
                 {count} rows of {width} numbers.",
                "一个词的稠密向量，起点是表里的一行：编号进去，一行数字出来。{model} 的表有 {count} 行，每行 {width} 个数。",
                model = self.model
            ),
            blocks,
            notice,
            further: vec![self.command(&format!("inspect {}", words.join(" ")))],
        }
    }

    pub(super) fn meanings(&self, meanings: &Meanings) -> Step {
        let (word, sentences) = (self.lesson.word, self.lesson.sentences);
        let row = |(sentence, vector): (&&str, &Vec<f32>)| {
            vec![Cell::Text((*sentence).to_owned()), Cell::Vector(vector.clone())]
        };
        let head = vec![self.say("sentence", "句子"), say!(self, "the vector of “{word}” in it", "其中“{word}”的向量")];
        let mut blocks = Vec::new();
        let mut notice = Vec::new();
        if let (Some(apart), Some(alike)) = (&meanings.apart, &meanings.alike) {
            let rows = sentences.iter().zip(&meanings.vectors).map(row).collect();
            let steps = meanings.traces[0].steps.iter().map(|step| self.step_name(&step.name)).collect();
            let numbers = |cosines: &[f32]| cosines.iter().copied().map(f64::from).collect::<Vec<f64>>();
            let series = vec![
                (self.say("1 and 2", "第 1、2 句"), numbers(&apart.cosines)),
                (self.say("2 and 3", "第 2、3 句"), numbers(&alike.cosines)),
            ];
            blocks = vec![Block::Table(Table::whole(head, rows)), Block::Curves(Curves { steps, series })];
            notice.extend(self.apart(&apart.cosines, &alike.cosines));
        } else {
            notice.push(say!(self, "This model has no token for “{word}”.", "这个模型没有“{word}”的词元。"));
        }
        let text = match meanings.traces.iter().all(|trace| trace.steps.len() > 1) {
            true => say!(
                self,
                "A row knows nothing of the sentence around it. The layers of the encoder let each word look at the others and \
                 change its vector by what it sees. Below: “{word}” in three sentences. The two columns follow the cosine of \
                 its vectors layer by layer, between sentences 1 and 2 (two meanings) and between 2 and 3 (one meaning). They \
                 begin with the row and, in most models, its place in the sentence.",
                "表里的一行并不知道周围是什么句子。编码器一层一层地让每个词去看别的词，并随之改变自己的向量。\
                 下面是三句话里的“{word}”。两列数字逐层列出它的向量的余弦：第 1、2 句之间（意思不同），第 2、3 句之间（意思相同）。\
                 起点是表中的那一行，多数模型还加上它在句中的位置。"
            ),
            false => say!(
                self,
                "A row knows nothing of the sentence around it, and this model has no layers that would look: it is a table and \
                 nothing more. Below: “{word}” in three sentences.",
                "表里的一行并不知道周围是什么句子，而这个模型没有会去看的层，它只是一张表。下面是三句话里的“{word}”。"
            ),
        };
        Step {
            title: self.say("3. A word among others", "3. 词在句子里"),
            text,
            blocks,
            notice,
            further: vec![self.command(&format!("inspect \"{}\" \"{}\" --html page.html", sentences[0], sentences[1]))],
        }
    }

    /// A step of the model in the speaker's language.
    fn step_name(&self, name: &str) -> String {
        match (self.is_chinese(), name, name.strip_prefix("layer ")) {
            (true, _, Some(layer)) => format!("第 {layer} 层"),
            (true, "embeddings", _) => "行和位置".to_owned(),
            (false, "embeddings", _) => "row, place".to_owned(),
            (true, "last norm", _) => "末次归一化".to_owned(),
            _ => name.to_owned(),
        }
    }

    /// Where a passage stands, in the speaker's language.
    fn place(&self, document: &str, locator: &Locator, headings: &[String]) -> String {
        match (self.is_chinese(), locator) {
            (true, Locator::Page { first, continued }) => {
                let pages = continued.last().map_or_else(String::new, |last| format!("–{}", last.page));
                let headings = folded(&headings.join(" › "));
                let under = if headings.is_empty() { String::new() } else { format!(" · {headings}") };
                format!("{document}，第 {}{pages} 页{under}", first.page)
            }
            _ => place(document, locator, headings),
        }
    }

    fn apart(&self, apart: &[f32], alike: &[f32]) -> Option<String> {
        let steps = apart.len().checked_sub(1)?;
        if steps == 0 {
            return Some(self.say(
                "This model is a table and nothing more: the word has the same vector wherever it stands.",
                "这个模型只是一张表：词放在哪里都是同一个向量。",
            ));
        }
        let furthest = (1..=steps).max_by(|a, b| (alike[*a] - apart[*a]).total_cmp(&(alike[*b] - apart[*b])))?;
        let (two, one) = (apart[furthest], alike[furthest]);
        Some(match one > two {
            true => say!(
                self,
                "One word, three vectors. The model tells the meanings apart best after step {furthest} of {steps}: {two:.3} \
                 between two meanings, {one:.3} within one.",
                "同一个词，三个向量。第 {furthest} 步之后（共 {steps} 步）分得最清：两个意思之间 {two:.3}，同一个意思之间 {one:.3}。"
            ),
            false => say!(
                self,
                "One word, three vectors; but this model does not hold the two meanings further apart than the one.",
                "同一个词，三个向量；不过这个模型并没有把两个意思分得更开。"
            ),
        })
    }

    pub(super) fn phrases(&self, phrases: &Phrases) -> Step {
        let all = self.lesson.phrases;
        let rows: Vec<(String, f32)> =
            all[1..].iter().zip(&phrases.cosines).map(|(p, c)| ((*p).to_owned(), *c)).collect();
        let by = |pick: fn(&(String, f32), &(String, f32)) -> std::cmp::Ordering| {
            rows.iter().max_by(|a, b| pick(a, b)).map(|(phrase, cosine)| (phrase.clone(), *cosine)).unwrap_or_default()
        };
        let (nearest, most) = by(|a, b| a.1.total_cmp(&b.1));
        let (furthest, least) = by(|a, b| b.1.total_cmp(&a.1));
        let points = all.iter().zip(&phrases.places).map(|(phrase, place)| ((*phrase).to_owned(), *place)).collect();
        let (first, pooling) = (all[0], &self.pooling);
        let others: Vec<String> = all[1..].iter().map(|phrase| format!("\"{phrase}\"")).collect();
        Step {
            title: self.say("4. Sentences as points", "4. 句子成为点"),
            text: say!(
 self,
                "Of the vectors of all its words the model makes one for the sentence (pooling: {pooling}). Then \
                 near in meaning is near in space, and the cosine of the angle between two vectors says how near. Here: \
                 “{first}” beside three others.",
                "模型把一句话里所有词的向量合成一个，作为整句的向量（合并方式：{pooling}）。于是意思近就是位置近，\
                 两个向量夹角的余弦说出有多近。下面拿“{first}”和另外三句相比。"
            ),
            blocks: vec![
                Block::Bars(Bars { rows: rows.clone() }),
                Block::Map(Map {
                    title: self.say("the plane on which the four differ most", "四句话差别最大的那个平面"),
                    points,
                }),
            ],
            notice: vec![
                say!(
 self,
                    "Nearest is “{nearest}” ({most:.3}), furthest “{furthest}” ({least:.3}).",
                    "最近的是“{nearest}”（{most:.3}），最远的是“{furthest}”（{least:.3}）。"
                ),
                self.say(
                    "The order carries the meaning, not the number: one model calls 0.8 near, another far. Never compare \
                     cosines of two models.",
                    "要看次序，不要看数值：同是 0.8，有的模型算近，有的算远。两个模型的余弦不能相比。",
                ),
            ],
            further: vec![self.command(&format!("similarity \"{first}\" {}", others.join(" ")))],
        }
    }

    pub(super) fn search(&self, searched: &Searched) -> Step {
        let query = self.lesson.query;
        let (document, chunks) = (self.document().0, searched.cosines.len());
        let profiles = Profiles {
            series: vec![
                (self.say("by meaning", "按意思"), searched.cosines.clone()),
                (self.say("by words", "按字面"), searched.words.clone()),
            ],
        };
        Step {
            title: self.say("5. Searching by meaning", "5. 按意思搜索"),
            text: say!(
                self,
                "Now the same with a document. {document} was read and cut into {chunks} passages, each turned into a vector. \
                 The query is turned into one too, and the nearest passages are what was looked for: “{query}” The plot goes \
                 through the document from its first passage to its last: each one's cosine, and beneath it what its words \
                 alone are worth.",
                "现在换成一份文档。{document} 已读完，切成 {chunks} 段，每段变成一个向量。把要找的话也变成向量，离它最近的段落就是要找的：\
                 “{query}”下图从文档的第一段画到最后一段：上面是各段的余弦，下面是只看字面的分数。"
            ),
            blocks: vec![Block::Profiles(profiles), self.both(searched)],
            notice: self.difference(searched),
            further: vec![
                self.command_alone(&say!(self, "add FOLDER", "add 文件夹")),
                self.command_alone(&say!(self, "search \"WHAT YOU LOOK FOR\"", "search \"要找的话\"")),
            ],
        }
    }

    /// What meaning finds beside what words find.
    fn both(&self, searched: &Searched) -> Block {
        let none = self.say("none shares a word with it", "没有一段和它有相同的词");
        let shown = |score: f32, passage: &Passage| {
            let words = self.list(&passage.shared);
            let remark = match passage.shared.is_empty() {
                true => self.say("shares no word", "没有相同的词"),
                false => say!(self, "shares {words}", "相同：{words}"),
            };
            let hit = &passage.hit;
            let place = self.place(hit.document(), &hit.locator, &hit.chunk.piece.heading_path);
            Shown { score, place, text: hit.text.clone(), shared: passage.shared.clone(), remark }
        };
        let meaning = searched.by_meaning.iter().map(|passage| shown(passage.hit.score, passage)).collect();
        let weight = |passage: &Passage| searched.words.get(passage.at).copied().unwrap_or_default();
        let words = searched.by_words.iter().map(|passage| shown(weight(passage), passage)).collect();
        Block::Passages(vec![
            Found {
                title: self.say("found by meaning (cosine)", "按意思找到（余弦）"),
                passages: meaning,
                none: none.clone(),
            },
            Found {
                title: self.say(
                    "found by words alone (the rarer the shared words, the more)",
                    "只按字面找到（相同的词越少见，分越高）",
                ),
                passages: words,
                none,
            },
        ])
    }

    fn difference(&self, searched: &Searched) -> Vec<String> {
        let Some(best) = searched.by_meaning.first() else { return Vec::new() };
        let (shared, wanted) = (best.shared.len(), searched.terms.len());
        let mut notice = vec![say!(
            self,
            "The passage nearest in meaning shares {shared} of the query's {wanted} terms.",
            "意思最近的那一段，和要找的话相比，{wanted} 个词（中文按相邻两字算）里有 {shared} 个相同。"
        )];
        notice.push(match searched.by_words.first() {
            None => self.say("By words alone nothing is found.", "只按字面什么也找不到。"),
            Some(first) if first.at == best.at => self.say("Here words find the same.", "这一次，字面也找到了同一段。"),
            Some(first) => {
                let words = self.list(&first.shared);
                say!(
                    self,
                    "By words alone another one comes first, for the sake of: {words}.",
                    "只按字面，排第一的是另一段，就因为有这些词：{words}。"
                )
            }
        });
        notice
    }

    pub(super) fn ask(&self, asked: &Prompted) -> Step {
        let question = self.lesson.question;
        let answer = &asked.answer;
        let quote = |c: &qiao::types::Citation| Quote {
            quote: c.quote().split_whitespace().collect::<Vec<_>>().join(" "),
            place: self.place(c.document(), c.locator(), c.heading_path()),
        };
        let quotes: Vec<Quote> = answer.citations.iter().map(quote).collect();
        let answered = match answer.refusal {
            None => self.say(
                "The quotations at the end are the answer that qiao gives without any language model: sentences of the \
                 document, word for word, each with its page.",
                "最后的引文，是 qiao 不用任何语言模型给出的回答：文档里的原句，一字不差，各带页码。",
            ),
            Some(_) => self.say(
                "With this model qiao finds too little in the document to rest an answer on, and refuses.",
                "用这个模型，qiao 在文档里没有找到足以回答的依据，于是拒绝回答。",
            ),
        };
        let mut notice = vec![answered];
        notice.extend(self.difference(&asked.searched));
        notice.push(self.say(
            "A model that got the passages found by words alone would answer from those. What was not found cannot be \
             answered.",
            "要是交给模型的是只按字面找到的段落，它就只能根据那些回答。没找到的，答不出来。",
        ));
        let title = self.say("the prompt, as a language model would get it", "提示词，语言模型收到的就是它");
        Step {
            title: self.say("6. Search, then ask", "6. 先搜后问"),
            text: say!(
                self,
                "A language model has not read your documents. So they are searched first, and what was found is put before it \
                 with the question: “{question}”",
                "语言模型没有读过您的文档。所以先搜索，再把找到的段落连同问题一起交给它：“{question}”"
            ),
            blocks: vec![
                self.both(&asked.searched),
                Block::Letter(Letter { title, text: asked.prompt.clone() }),
                Block::Quotes(quotes),
            ],
            notice,
            further: vec![self.command_alone(&say!(self, "ask \"QUESTION\" FILE.pdf", "ask \"问题\" 文件.pdf"))],
        }
    }
}
