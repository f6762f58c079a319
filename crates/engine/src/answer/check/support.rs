//! What of a sentence's facts its sources have.

use super::index::Sources;
use super::slots::{Found, Unit, units};
use super::spelling::{akin, kin, plain, roman, stem};
use super::{Missing, Report, Why};
use crate::language::facts::{
    Date, Decade, Facts, Kind, Name, NameKind, Number, Sign, Span, Tokens, Value, facts_of, is_han, is_name_like,
    share_characters, strange, tongue, unexplained,
};

/// Words after which a number may be a round one.
const HEDGES: [&str; 36] = [
    "about",
    "around",
    "approximately",
    "approx",
    "nearly",
    "almost",
    "roughly",
    "some",
    "over",
    "than",
    "circa",
    "ca",
    "least",
    "most",
    "up",
    "to",
    "exceeding",
    "exceeds",
    "exceeded",
    "below",
    "under",
    "estimated",
    "约",
    "約",
    "近",
    "超",
    "过",
    "過",
    "达",
    "達",
    "余",
    "餘",
    "多",
    "几",
    "将",
    "逾",
];

/// Words that akin ones are sought among, at most.
const MOST_KIN: usize = 256;

struct Sentence<'a> {
    text: &'a str,
    facts: Facts,
    units: Vec<Unit>,
    sources: &'a Sources<'a>,
}

pub(super) fn report(sources: &Sources<'_>, text: &str) -> Report {
    let tokens = Tokens::of(text);
    let tongue = tongue(&tokens).unwrap_or(sources.tongue);
    let sentence = Sentence { text, facts: facts_of(&tokens, tongue), units: units(&tokens, sources.fold), sources };
    let facts = &sentence.facts;
    Report {
        numbers: facts.numbers.iter().filter_map(|number| sentence.number(number)).collect(),
        dates: facts.dates.iter().filter_map(|date| sentence.date(date)).collect(),
        names: sentence.names(),
        negation: sources.polarities.disagreement(text, &facts.clauses, sources.fold),
        covered: covered(&tokens, sources),
    }
}

impl Sentence<'_> {
    fn missing(&self, span: Span, why: Why) -> Missing {
        Missing { span, what: self.text.get(span.range()).unwrap_or_default().to_owned(), why }
    }

    fn number(&self, number: &Number) -> Option<Missing> {
        let known = number.readings.iter().any(|value| self.has(value)) || self.is_rounded(number);
        if !known && number.certain {
            return Some(self.missing(number.span, Why::Absent));
        }
        let sizes: Vec<Value> = number.readings.iter().cloned().map(Value::magnitude).collect();
        let same = |other: &Number| other.readings.iter().any(|value| sizes.contains(&value.clone().magnitude()));
        let other = |source: usize, at: Span| {
            let facts = &self.sources.facts[source];
            let numbers = within(&facts.numbers, |number| number.span, at);
            let dated = !within(&facts.dates, |date| date.span, at).is_empty();
            !dated && numbers.iter().any(|other| other.certain) && !numbers.iter().any(same)
        };
        self.is_replaced(number.span, &other).then(|| self.missing(number.span, Why::Replaced))
    }

    fn has(&self, value: &Value) -> bool {
        self.sources.sizes.contains(&value.clone().magnitude())
    }

    /// Whether the number is a round one for one of the sources'.
    fn is_rounded(&self, number: &Number) -> bool {
        self.is_hedged(number.span)
            && number
                .readings
                .first()
                .is_some_and(|value| self.sources.sizes.iter().any(|exact| value.clone().magnitude().rounds(exact)))
    }

    fn is_hedged(&self, span: Span) -> bool {
        let before = self.text.get(..span.start).unwrap_or_default().trim_end();
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        let last = before.chars().next_back().map(String::from).unwrap_or_default();
        let after = self.text.get(span.end..).unwrap_or_default();
        HEDGES.contains(&word.as_str())
            || HEDGES.contains(&last.as_str())
            || after.starts_with(['多', '余', '餘', '几'])
    }

    fn date(&self, date: &Date) -> Option<Missing> {
        if !is_supported(date, self.sources) {
            return Some(self.missing(date.span, Why::Absent));
        }
        let told = |other: &Date| parts(other) != parts(date) && other.year.is_some() == date.year.is_some();
        let other = |source: usize, at: Span| {
            let facts = &self.sources.facts[source];
            let dates = within(&facts.dates, |date| date.span, at);
            let numbered = !within(&facts.numbers, |number| number.span, at).is_empty();
            !numbered && dates.len() == 1 && dates.iter().all(told)
        };
        self.is_replaced(date.span, &other).then(|| self.missing(date.span, Why::Replaced))
    }

    /// Whether a source says the same around `span`, and `differs` from it there.
    fn is_replaced(&self, span: Span, differs: &dyn Fn(usize, Span) -> bool) -> bool {
        match self.sources.slots.find(&self.units, span) {
            Found::Other(places) => places.iter().all(|(source, at)| differs(*source, *at)),
            _ => false,
        }
    }

    fn names(&self) -> Vec<Missing> {
        let sources = self.sources;
        let mut out: Vec<Missing> = self.facts.names.iter().filter_map(|name| self.name(name)).collect();
        let told = &self.facts.names;
        let free = |span: Span| within(told, |name| name.span, span).is_empty();
        let mut runs = unexplained(self.text, &sources.pairs, sources.fold);
        runs.retain(|run| run.sign != Sign::Plain);
        let absent = runs.iter().filter(|run| free(run.span)).map(|run| self.missing(run.span, Why::Absent));
        out.extend(absent);
        let unmarked = |span: Span| free(span) && within(&runs, |run| run.span, span).is_empty();
        let renamed = strange(self.text, &sources.pairs, sources.fold)
            .into_iter()
            .filter(|span| unmarked(*span) && self.renames(*span));
        out.extend(renamed.map(|span| self.missing(span, Why::Replaced)));
        out.sort_by_key(|missing| missing.span);
        out
    }

    /// Whether unknown characters that may be a name stand where a source has another.
    fn renames(&self, span: Span) -> bool {
        let chars = |text: &str| text.chars().filter(|c| is_han(*c)).map(self.sources.fold).collect::<Vec<char>>();
        let said = chars(self.text.get(span.range()).unwrap_or_default());
        is_name_like(&said)
            && self.is_replaced(span, &|source, at| {
                let instead = chars(self.sources.texts[source].get(at.range()).unwrap_or_default());
                is_name_like(&instead) && !share_characters(&instead, &said)
            })
    }

    fn name(&self, name: &Name) -> Option<Missing> {
        let missing: Vec<Span> = name.words.iter().copied().filter(|word| !self.has_word(name.kind, *word)).collect();
        let Some((first, last)) = missing.first().zip(missing.last()) else { return self.renamed(name) };
        (!self.is_abbreviated(name)).then(|| self.missing(Span::new(first.start, last.end), Why::Absent))
    }

    /// A name that a source has, but another one in this place.
    fn renamed(&self, name: &Name) -> Option<Missing> {
        let own: Vec<String> = name.words.iter().filter_map(|word| self.text.get(word.range())).map(plain).collect();
        let other = |source: usize, at: Span| {
            let (facts, text) = (&self.sources.facts[source], self.sources.texts[source]);
            let names = within(&facts.names, |name| name.span, at);
            let words = names.iter().flat_map(|name| &name.words).filter(|word| word.overlaps(at));
            let words: Vec<String> = words.filter_map(|word| text.get(word.range())).map(plain).collect();
            let numbered = !within(&facts.numbers, |number| number.span, at).is_empty()
                || !within(&facts.dates, |date| date.span, at).is_empty();
            let is_short = |word: &String| own.iter().any(|own| akin(own, word)) || word.chars().count() < 3;
            !words.is_empty() && !numbered && !words.iter().any(is_short)
        };
        let told =
            matches!(name.kind, NameKind::Capitalised | NameKind::Identifier | NameKind::Latin | NameKind::Acronym);
        (told && self.is_replaced(name.span, &other)).then(|| self.missing(name.span, Why::Replaced))
    }

    fn has_word(&self, kind: NameKind, word: Span) -> bool {
        let text = self.text.get(word.range()).unwrap_or_default();
        match kind {
            NameKind::Title | NameKind::Dotted => self.has_characters(text),
            _ => self.has_spelling(text),
        }
    }

    /// Whether the sources have all neighbours of Han characters in a text, and all its other words.
    fn has_characters(&self, text: &str) -> bool {
        let tokens = Tokens::of(text);
        let sources = self.sources;
        (0..tokens.all.len()).all(|at| match tokens.kind(at) {
            Some(Kind::Han) if tokens.kind(at + 1) == Some(Kind::Han) => {
                sources.pairs.has((sources.fold)(tokens.char(at)), (sources.fold)(tokens.char(at + 1)))
            }
            Some(Kind::Word) => {
                sources.words.contains(&plain(tokens.str(at))) || tokens.glued_before(at) || tokens.glued(at)
            }
            _ => true,
        })
    }

    fn has_spelling(&self, text: &str) -> bool {
        let words = &self.sources.words;
        let word = plain(text);
        if words.contains(&word) || kin(&word).any(|other| words.contains(other)) {
            return true;
        }
        if roman(text).is_some_and(|value| self.has(&Value::integer(value))) {
            return true;
        }
        let start: String = word.chars().take(4).collect();
        let near = words.range(start.clone()..).take(MOST_KIN).take_while(|other| other.starts_with(&start));
        let akin = near.into_iter().any(|other| akin(&word, other));
        akin || self.is_acronym(text, &word)
    }

    /// Whether the letters of an acronym begin words of a source that stand together.
    fn is_acronym(&self, text: &str, word: &str) -> bool {
        let letters = word.chars().count();
        let capitals = text.chars().filter(|c| c.is_uppercase()).count();
        (2..=8).contains(&letters) && capitals == letters && self.sources.initials.contains(word) && letters > 2
    }

    /// Whether a source has the name by the first letters of its words.
    fn is_abbreviated(&self, name: &Name) -> bool {
        let words = || name.words.iter().filter_map(|word| self.text.get(word.range()));
        let initials: String = words().filter_map(|word| plain(word).chars().next()).collect();
        initials.chars().count() > 1 && self.sources.capitals.contains(&initials)
    }
}

/// Those of an ascending list that share a byte with `at`: all that begin before its end and near its start.
fn within<T>(list: &[T], span: impl Fn(&T) -> Span, at: Span) -> &[T] {
    let end = list.partition_point(|one| span(one).start < at.end);
    let start = list[..end].iter().rposition(|one| span(one).end <= at.start).map_or(0, |before| before + 1);
    &list[start..end]
}

/// The parts of a date, its span aside.
fn parts(date: &Date) -> Date {
    Date { span: Span::default(), ..date.clone() }
}

/// Whether the sources' dates that contradict none of its parts say all of them together.
fn is_supported(date: &Date, sources: &Sources<'_>) -> bool {
    if let Some(decade) = date.decade {
        return sources.dates.iter().any(|source| in_decade(source, decade));
    }
    if let Some(century) = date.century {
        return sources.dates.iter().any(|source| in_century(source, century))
            || sources.sizes.contains(&Value::integer(century.unsigned_abs().into()))
                && sources.dates.iter().any(|source| source.century.is_some());
    }
    let agree = |source: &&Date| {
        agrees(source.year, date.year) && agrees(source.month, date.month) && agrees(source.day, date.day)
    };
    let (mut year, mut month, mut day) = (date.year.is_none(), date.month.is_none(), date.day.is_none());
    for source in sources.dates.iter().filter(agree) {
        year |= source.year.is_some() && source.year == date.year;
        // a day stands for nothing without its month, where the date has both
        month |= source.month.is_some() && source.month == date.month;
        day |= source.day.is_some() && source.day == date.day;
    }
    year |=
        date.year.is_some_and(|year| year > 0 && sources.sizes.contains(&Value::integer(year.unsigned_abs().into())));
    let alone = date.year.is_none() && date.month.is_none();
    day |= alone && date.day.is_some_and(|day| sources.sizes.contains(&Value::integer(day.into())));
    year && month && day
}

/// Whether a source's part does not contradict that of a date.
fn agrees<T: PartialEq + Copy>(source: Option<T>, date: Option<T>) -> bool {
    source.is_none() || date.is_none() || source == date
}

fn in_decade(source: &Date, decade: Decade) -> bool {
    match (decade, source.decade, source.year) {
        (Decade::Of(year), Some(Decade::Of(other)), _) => year == other,
        (Decade::Of(year) | Decade::OfACentury(year), Some(Decade::OfACentury(other)), _) => {
            year.rem_euclid(100) == other
        }
        (Decade::OfACentury(year), Some(Decade::Of(other)), _) => other.rem_euclid(100) == year,
        (Decade::Of(decade), None, Some(year)) => year - year.rem_euclid(10) == decade,
        (Decade::OfACentury(decade), None, Some(year)) => year.rem_euclid(100) / 10 * 10 == decade,
        _ => false,
    }
}

fn in_century(source: &Date, century: i32) -> bool {
    let of_year = |year: i32| if year > 0 { (year - 1) / 100 + 1 } else { (year + 1) / 100 - 1 };
    let decade = match source.decade {
        Some(Decade::Of(year)) => Some(of_year(year + 1)),
        _ => None,
    };
    source.century.or(decade).or(source.year.map(of_year)) == Some(century)
}

/// The share of a sentence's words and pairs of Han characters that the sources have.
fn covered(tokens: &Tokens<'_>, sources: &Sources<'_>) -> f32 {
    let (mut all, mut found) = (0_usize, 0_usize);
    for at in 0..tokens.all.len() {
        let has = match (tokens.kind(at), tokens.kind(at + 1)) {
            (Some(Kind::Han), Some(Kind::Han)) => {
                sources.pairs.has((sources.fold)(tokens.char(at)), (sources.fold)(tokens.char(at + 1)))
            }
            (Some(Kind::Word), _) => has_stem(sources, &plain(tokens.str(at))),
            _ => continue,
        };
        all += 1;
        found += usize::from(has);
    }
    if all == 0 { 1.0 } else { found as f32 / all as f32 }
}

fn has_stem(sources: &Sources<'_>, word: &str) -> bool {
    let stem = stem(word);
    sources.words.contains(word)
        || sources
            .words
            .range(stem.to_owned()..)
            .take(8)
            .take_while(|other| other.starts_with(stem))
            .any(|other| super::spelling::stem(other) == stem)
}
