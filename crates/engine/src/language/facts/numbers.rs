//! Numbers in digits and words.

use super::Span;
use super::chinese;
use super::dates::{self, Date};
use super::english;
use super::tokens::{Kind, Token, Tokens, digit, is_apostrophe};
use super::value::Value;

/// A number that a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Where it stands, with its sign, its scale word and its percent sign.
    pub span: Span,
    /// What it means: one value, or several where it may be read so ("1.000"), the likeliest first. A percentage is a
    /// hundredth of its figure, so that 50 % is a half. Units and currencies do not count.
    pub readings: Vec<Value>,
    /// Whether it counts something. "One" and 一 are as often articles, and parts of a number are no claim by themselves.
    pub certain: bool,
}

/// Marks and words that stand between the ends of a range.
const RANGE: [&str; 10] = ["-", "–", "—", "~", "～", "to", "至", "到", "and", "or"];

/// A number has no more groups of digits; what has is data.
const MOST_GROUPS: usize = 12;

/// Letters right after digits that are a unit, not a part of a name.
const UNITS: [&str; 48] = [
    "km", "m", "cm", "mm", "kg", "g", "mg", "lb", "lbs", "t", "ha", "ft", "mi", "mph", "s", "ms", "h", "hr", "hrs",
    "min", "k", "K", "M", "bn", "B", "GB", "MB", "KB", "TB", "Hz", "kHz", "MHz", "GHz", "W", "kW", "MW", "GW", "V",
    "kV", "mA", "am", "pm", "a", "p", "l", "L", "nm", "in",
];

/// Whether letters right after digits are a unit.
pub(super) fn is_unit(text: &str) -> bool {
    UNITS.contains(&text) || matches!(text, "er" | "ers" | "ern") || english::is_number(text)
}

/// All dates and numbers of a text.
pub(super) fn read(tokens: &Tokens<'_>) -> (Vec<Date>, Vec<Number>) {
    let (mut days, mut numbers) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.all.len() {
        if let Some(words) = chinese_word(tokens, at) {
            at += words;
        } else if let Some((found, end)) = dates::dates(tokens, at) {
            days.extend(found);
            at = end.max(at + 1);
        } else {
            at = number(tokens, at, &mut numbers).max(at + 1);
        }
    }
    share_units(tokens, &mut numbers);
    numbers.sort_by_key(|number| number.span);
    (days, numbers)
}

/// The length of a word with a numeral in it that counts nothing.
fn chinese_word(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    if tokens.kind(at) != Some(Kind::Han) {
        return None;
    }
    let length = chinese::no_number(tokens, at)?;
    let minutes = tokens.spells(at, "十分") && matches!(tokens.char(at + 2), '钟' | '鐘' | '之');
    (!minutes).then_some(length)
}

/// Reads the number at `at`, if one is there; the token after it.
fn number(tokens: &Tokens<'_>, at: usize, out: &mut Vec<Number>) -> usize {
    match tokens.kind(at) {
        Some(Kind::Digits) => figures(tokens, at, out),
        Some(Kind::Han) => characters(tokens, at, out),
        Some(Kind::Word) => words(tokens, at, out),
        Some(Kind::Mark) => vulgar(tokens.char(at)).map_or(at + 1, |value| {
            out.push(Number { span: tokens.span(at, at + 1), readings: vec![value], certain: true });
            at + 1
        }),
        None => at + 1,
    }
}

/// The vulgar fractions of Unicode.
fn vulgar(c: char) -> Option<Value> {
    const FRACTIONS: [(char, u128, u128); 15] = [
        ('½', 1, 2),
        ('⅓', 1, 3),
        ('⅔', 2, 3),
        ('¼', 1, 4),
        ('¾', 3, 4),
        ('⅕', 1, 5),
        ('⅖', 2, 5),
        ('⅗', 3, 5),
        ('⅘', 4, 5),
        ('⅙', 1, 6),
        ('⅚', 5, 6),
        ('⅛', 1, 8),
        ('⅜', 3, 8),
        ('⅝', 5, 8),
        ('⅞', 7, 8),
    ];
    let (_, above, below) = FRACTIONS.iter().find(|(fraction, ..)| *fraction == c)?;
    Value::ratio(*above, *below)
}

/// A figure as written: digits with what stands between them.
struct Figure {
    readings: Vec<Value>,
    end: usize,
    /// Whether spaces part its groups, so that it may be several numbers.
    spaced: bool,
}

/// Reads a number in digits with all that belongs to it.
fn figures(tokens: &Tokens<'_>, at: usize, out: &mut Vec<Number>) -> usize {
    if tokens.glued_before(at) && tokens.kind(at - 1) == Some(Kind::Word) {
        return at + 1;
    }
    let Figure { mut readings, mut end, spaced } = figure(tokens, at);
    if let Some(after) = quotient(tokens, at, end, out) {
        return after;
    }
    if let Some(value) = vulgar(tokens.char(end)).filter(|_| tokens.glued_before(end)) {
        readings = readings.iter().filter_map(|whole| whole.plus(&value)).collect();
        end += 1;
    }
    if letters_follow(tokens, end, &mut readings).is_none() {
        return end + 1;
    }
    if spaced {
        pieces(tokens, at, end, out);
    }
    end = scaled(tokens, &mut readings, end);
    end = percent(tokens, &mut readings, end);
    let start = signed(tokens, at, &mut readings);
    out.push(Number { span: tokens.span(start, end), readings, certain: true });
    end
}

/// Letters joined to the digits: `None` where they make a name of them ("64DD"); the meaning of `k`, `m` and `B` else.
fn letters_follow(tokens: &Tokens<'_>, end: usize, readings: &mut Vec<Value>) -> Option<()> {
    let text = tokens.str(end);
    if !tokens.glued_before(end) || tokens.kind(end) != Some(Kind::Word) || matches!(text, "st" | "nd" | "rd" | "th") {
        return Some(());
    }
    let more = match text {
        "k" | "K" => 3,
        "m" | "M" => 6,
        "B" => 9,
        _ => 0,
    };
    if more > 0 {
        readings.extend(readings.first().cloned().map(|value| value.scaled(more)));
    }
    let digits_after = tokens.glued(end) && tokens.kind(end + 1) == Some(Kind::Digits);
    (is_unit(text) && !digits_after).then_some(())
}

/// The groups of a number that spaces part, each by itself.
fn pieces(tokens: &Tokens<'_>, at: usize, end: usize, out: &mut Vec<Number>) {
    for i in at..end {
        let readings = vec![Value::decimal(&ascii(tokens.str(i)), "")];
        out.push(Number { span: tokens.span(i, i + 1), readings, certain: false });
    }
}

/// The digits of any script in ASCII.
fn ascii(text: &str) -> String {
    text.chars().filter_map(digit).map(|d| char::from(b'0' + d)).collect()
}

fn figure(tokens: &Tokens<'_>, at: usize) -> Figure {
    if let Some(end) = spaced_groups(tokens, at) {
        let digits: String = (at..end).map(|i| ascii(tokens.str(i))).collect();
        return Figure { readings: vec![Value::decimal(&digits, "")], end, spaced: true };
    }
    let mut groups = vec![ascii(tokens.str(at))];
    let mut marks = Vec::new();
    let mut end = at + 1;
    while let Some(mark) = separator(tokens, end).filter(|_| groups.len() < MOST_GROUPS) {
        marks.push(mark);
        groups.push(ascii(tokens.str(end + 1)));
        end += 2;
    }
    let (readings, used) = readings(&groups, &marks);
    Figure { readings, end: at + 1 + 2 * (used - 1), spaced: false }
}

/// A separator at `at` that stands between digits, as `,`, `.` or `'`.
fn separator(tokens: &Tokens<'_>, at: usize) -> Option<char> {
    let between = tokens.glued_before(at) && tokens.glued(at) && tokens.kind(at + 1) == Some(Kind::Digits);
    match tokens.char(at) {
        ',' | '，' | '٬' if between => Some(','),
        '.' | '．' | '٫' if between => Some('.'),
        c if between && is_apostrophe(c) => Some('\''),
        _ => None,
    }
}

/// `1 000 000`: the token after groups of three that single spaces part.
fn spaced_groups(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let length = |i: usize| tokens.str(i).chars().count();
    let mut end = at + 1;
    let next = |i: usize| {
        let (Some(one), Some(two)) = (tokens.all.get(i - 1), tokens.all.get(i)) else { return false };
        let gap = tokens.text.get(one.span.end..two.span.start).unwrap_or_default();
        two.kind == Kind::Digits && matches!(gap, " " | "\u{A0}" | "\u{202F}" | "\u{2009}") && length(i) == 3
    };
    let free = |i: usize| !(tokens.glued(i - 1) && tokens.kind(i) == Some(Kind::Word));
    while end < at + 8 && next(end) {
        end += 1;
    }
    (end > at + 1 && length(at) <= 3 && !tokens.str(at).starts_with('0') && free(end)).then_some(end)
}

/// What groups of digits with marks between them mean, and how many of the groups the number has.
fn readings(groups: &[String], marks: &[char]) -> (Vec<Value>, usize) {
    let whole = |groups: &[String]| Value::decimal(&groups.concat(), "");
    let [first, rest @ ..] = groups else { return (Vec::new(), 1) };
    let Some(last) = rest.last() else { return (vec![Value::decimal(first, "")], 1) };
    let uniform = marks.iter().all(|mark| Some(mark) == marks.first());
    let thousands = are_thousands(first, rest);
    match (rest.len(), marks.last()) {
        (1, Some('.')) if thousands => (vec![Value::decimal(first, last), whole(groups)], 2),
        (1, Some(',')) if thousands => (vec![whole(groups), Value::decimal(first, last)], 2),
        (1, Some('.' | ',')) => (vec![Value::decimal(first, last)], 2),
        (_, _) if uniform && (thousands || are_lakhs(first, rest, marks)) => (vec![whole(groups)], groups.len()),
        (_, Some('.')) if uniform => (vec![Value::version(&groups.join("."))], groups.len()),
        (count, Some('.' | ',')) if !uniform && are_thousands(first, &rest[..count - 1]) => {
            let digits = groups[..count].concat();
            (vec![Value::decimal(&digits, last)], groups.len())
        }
        _ => (vec![Value::decimal(first, "")], 1),
    }
}

fn are_thousands(first: &str, rest: &[String]) -> bool {
    (1..=3).contains(&first.len()) && !first.starts_with('0') && rest.iter().all(|group| group.len() == 3)
}

/// The Indian way: `10,00,000`.
fn are_lakhs(first: &str, rest: &[String], marks: &[char]) -> bool {
    let Some((last, middle)) = rest.split_last() else { return false };
    let commas = marks.iter().all(|mark| *mark == ',');
    commas && (1..=2).contains(&first.len()) && last.len() == 3 && middle.iter().all(|group| group.len() == 2)
}

/// `1/2`: a fraction, or two numbers. The token after it.
fn quotient(tokens: &Tokens<'_>, at: usize, end: usize, out: &mut Vec<Number>) -> Option<usize> {
    let slash = matches!(tokens.char(end), '/' | '⁄' | '／') && tokens.glued_before(end) && tokens.glued(end);
    let longer = tokens.glued_before(at) && matches!(tokens.before(at), '/' | '⁄' | '／');
    (slash && end == at + 1 && !longer && tokens.kind(end + 1) == Some(Kind::Digits)).then_some(())?;
    let (above, below) = (ascii(tokens.str(at)).parse().ok()?, ascii(tokens.str(end + 1)).parse().ok()?);
    let fraction = above < below && below <= 100;
    let value = Value::ratio(above, below)?;
    out.push(Number { span: tokens.span(at, end + 2), readings: vec![value], certain: fraction });
    for (i, part) in [(at, above), (end + 1, below)] {
        out.push(Number { span: tokens.span(i, i + 1), readings: vec![Value::integer(part)], certain: !fraction });
    }
    Some(end + 2)
}

/// Applies the scale after a number: `million`, `万`. The token after it.
fn scaled(tokens: &Tokens<'_>, readings: &mut Vec<Value>, end: usize) -> usize {
    if let Some((power, after)) = english::scales(tokens, end) {
        let power = i32::try_from(power).unwrap_or(i32::MAX);
        readings.iter_mut().for_each(|value| *value = value.clone().scaled(power));
        return after;
    }
    let Some(first) = readings.first() else { return end };
    match chinese::powers_after(tokens, first, end) {
        Some(numeral) => {
            *readings = numeral.readings;
            numeral.end
        }
        None => end,
    }
}

/// Applies a percent sign or word, or 成 for tenths. The token after it.
fn percent(tokens: &Tokens<'_>, readings: &mut [Value], end: usize) -> usize {
    let hundredths = |readings: &mut [Value], power: i32| {
        readings.iter_mut().for_each(|value| *value = value.clone().scaled(power));
    };
    match tokens.char(end) {
        '%' | '％' | '٪' => hundredths(readings, -2),
        '‰' => hundredths(readings, -3),
        _ => {
            let length = percent_word(tokens, end);
            if length > 0 {
                hundredths(readings, -2);
            }
            return end + length;
        }
    }
    end + 1
}

/// The tokens of a word for percent at `at`; 0 where none is.
fn percent_word(tokens: &Tokens<'_>, at: usize) -> usize {
    let is = |i: usize, word: &str| tokens.str(at + i).eq_ignore_ascii_case(word);
    if ["percent", "percentage", "pct", "prozent"].iter().any(|word| is(0, word)) {
        return 1;
    }
    let pairs = [("per", "cent"), ("por", "ciento"), ("pour", "cent")];
    if pairs.iter().any(|(one, two)| is(0, one) && is(1, two)) {
        return 2;
    }
    if tokens.spells(at, "个百分点") || tokens.spells(at, "個百分點") { 4 } else { 0 }
}

/// Turns the sign where a minus stands before the number; the token with which it begins.
fn signed(tokens: &Tokens<'_>, at: usize, readings: &mut [Value]) -> usize {
    let before = |back: usize| at.checked_sub(back).map_or("", |i| tokens.str(i));
    let dash = matches!(before(1), "-" | "−" | "－") && tokens.glued_before(at);
    let free = !(tokens.glued_before(at.saturating_sub(1))
        && at >= 2
        && (matches!(tokens.kind(at - 2), Some(Kind::Word | Kind::Digits | Kind::Han))
            || matches!(tokens.char(at - 2), ')' | '）' | '%' | '％' | '-')));
    let word = before(1).eq_ignore_ascii_case("minus") || before(1) == "负" || before(1) == "負";
    let below = before(1) == "下" && before(2) == "零";
    let length = usize::from((dash && free) || word) + 2 * usize::from(below);
    if length > 0 {
        readings.iter_mut().for_each(|value| *value = value.clone().negated());
    }
    at - length
}

/// Reads a number in Chinese characters.
fn characters(tokens: &Tokens<'_>, at: usize, out: &mut Vec<Number>) -> usize {
    if matches!(tokens.char(at), '半') {
        out.push(Number {
            span: tokens.span(at, at + 1),
            readings: Value::ratio(1, 2).into_iter().collect(),
            certain: false,
        });
        return at + 1;
    }
    let Some(numeral) = chinese::numeral(tokens, at) else { return at + 1 };
    if let Some(end) = parts_of(tokens, at, &numeral, out) {
        return end;
    }
    let chinese::Numeral { end, mut readings, certain } = numeral;
    let tenths = tokens.char(end) == '成' && !"为為立员員功了的就都".contains(tokens.char(end + 1));
    if tenths {
        readings.extend(readings.first().cloned().map(|value| value.scaled(-1)));
    }
    if tokens.char(end) == '倍' && tokens.before(at) != '的' {
        readings.extend(readings.first().and_then(|value| value.plus(&Value::integer(1))));
    }
    let vague = "几數数上多近成".contains(tokens.before(at)) && tokens.before(at) != '\0' && end == at + 1;
    let start = signed(tokens, at, &mut readings);
    let idle = end == at + 1 && is_idle(tokens, at, end);
    out.push(Number { span: tokens.span(start, end), readings, certain: certain && !vague && !idle });
    end
}

/// Whether one character of a number only points ("第一", "其二") or belongs to a pair of sides ("两方").
fn is_idle(tokens: &Tokens<'_>, at: usize, end: usize) -> bool {
    let (c, before, after) = (tokens.char(at), tokens.before(at), tokens.char(end));
    match c {
        '两' | '兩' | '二' => {
            "者岸侧側边邊端手极極性旁方国國".contains(after) && after != '\0' || before == '其' || before == '这'
        }
        '三' | '四' => before == '其' || before == '再',
        '十' | '百' | '千' | '万' | '萬' => false,
        _ => false,
    }
}

/// `百分之五`, `三分之一`: a fraction. The token after it.
fn parts_of(tokens: &Tokens<'_>, at: usize, below: &chinese::Numeral, out: &mut Vec<Number>) -> Option<usize> {
    let whole = below.readings.first()?.whole()?;
    if !tokens.spells(below.end, "分之") {
        return None;
    }
    let start = below.end + 2;
    let (value, end) = match tokens.kind(start)? {
        Kind::Digits => {
            let figure = figure(tokens, start);
            (figure.readings.first()?.clone(), figure.end)
        }
        _ => {
            let numeral = chinese::numeral(tokens, start)?;
            (numeral.readings.first()?.clone(), numeral.end)
        }
    };
    let value = match whole {
        100 => value.scaled(-2),
        1000 => value.scaled(-3),
        10_000 => value.scaled(-4),
        _ => Value::ratio(value.whole()?, whole)?,
    };
    out.push(Number { span: tokens.span(at, end), readings: vec![value], certain: true });
    Some(end)
}

/// Reads a number in English words.
fn words(tokens: &Tokens<'_>, at: usize, out: &mut Vec<Number>) -> usize {
    if let Some((readings, certain)) = amount(tokens.str(at)) {
        let span = tokens.span(at, at + 1);
        out.push(Number { span, readings, certain });
        return at + 1;
    }
    let Some(mut spelled) = english::spelled(tokens, at) else { return at + 1 };
    if let Some(end) = fraction(tokens, at, &spelled, out) {
        return end;
    }
    let end = percent(tokens, &mut spelled.readings, spelled.end);
    let start = signed(tokens, at, &mut spelled.readings);
    out.push(Number { span: tokens.span(start, end), readings: spelled.readings, certain: spelled.certain });
    end
}

/// Words that are a number by themselves, and none that the reader must find again.
fn amount(word: &str) -> Option<(Vec<Value>, bool)> {
    let value = match word.to_lowercase().as_str() {
        "half" => Value::ratio(1, 2)?,
        "quarter" => return Some((vec![Value::ratio(1, 4)?, Value::integer(4)], false)),
        "both" | "twice" | "double" | "doubled" | "pair" | "couple" => Value::integer(2),
        "thrice" | "triple" | "tripled" => Value::integer(3),
        "once" | "single" => Value::integer(1),
        "dozen" => Value::integer(12),
        _ => return None,
    };
    Some((vec![value], false))
}

/// `two thirds`, `three-quarters`: the token after it.
fn fraction(tokens: &Tokens<'_>, at: usize, above: &english::Spelled, out: &mut Vec<Number>) -> Option<usize> {
    let place = above.end + usize::from(tokens.str(above.end) == "-" && tokens.glued_before(above.end));
    let below = english::denominator(tokens.str(place)).filter(|_| !above.ordinal)?;
    let above = above.readings.first()?.whole().filter(|above| *above < below)?;
    // "three second" is no fraction, "two thirds" and "one third" are
    let plural = tokens.str(place).to_lowercase().ends_with('s') || above == 1;
    let value = Value::ratio(above, below).filter(|_| plural)?;
    out.push(Number { span: tokens.span(at, place + 1), readings: vec![value], certain: true });
    Some(place + 1)
}

/// The first end of a range has the scale of the second, too: `1.5 to 2 million`, `5–10 %`.
fn share_units(tokens: &Tokens<'_>, numbers: &mut [Number]) {
    for i in 1..numbers.len() {
        let (before, after) = numbers.split_at_mut(i);
        let (Some(first), Some(second)) = (before.last_mut(), after.first()) else { continue };
        let between = tokens.text.get(first.span.end..second.span.start).unwrap_or_default().trim();
        if !RANGE.iter().any(|mark| between.eq_ignore_ascii_case(mark)) {
            continue;
        }
        let Some(plain) = figure_of(tokens, second.span) else { continue };
        let powers = second.readings.iter().filter_map(|value| value.power_over(&plain)).filter(|power| *power != 0);
        let Some(base) = first.readings.first().cloned() else { continue };
        first.readings.extend(powers.map(|power| base.clone().scaled(power)));
    }
}

/// The bare figure with which a number begins.
fn figure_of(tokens: &Tokens<'_>, span: Span) -> Option<Value> {
    let at = tokens.all.partition_point(|token: &Token| token.span.start < span.start);
    (tokens.kind(at) == Some(Kind::Digits)).then(|| figure(tokens, at).readings.first().cloned()).flatten()
}
