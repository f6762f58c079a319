//! Numerals of Chinese characters, pure or mixed with digits.

use std::sync::LazyLock;

use super::lists::WordList;
use super::tokens::{Kind, Tokens, digit};
use super::value::Value;

/// Words in which a numeral's character counts nothing.
const NO_NUMBERS: &str = "十分 十足 百姓 百科 百货 百合 百老汇 百事 百度 千万别 千叶 千方百计 万一 万物 万岁 万圣 万达 万科 四川 四处 四周 四肢 四海 \
    四面 五官 五金 五行 五台山 三明治 三角 三峡 三星 三亚 三藏 三文鱼 再三 六合 六朝 七夕 八卦 八达 九州 九江 九龙 二手 二胡 张三 李四 \
    零售 零件 零食 零部件 陆军 陆地 陆续 大陆 登陆 着陆 内陆 伍德 拾取 收拾 两极 两性 两手 两栖 两者 两岸 两侧 两边 千里马 万里长城 \
    四川省 三国 十字 八路军 百分点 三角形 四边形 五角 半岛 半球 半导体 千禧 万能 万恶 百年好合 百慕达 百慕大 亿万富翁 五四 七七 九一八";

/// No numeral is longer: what goes on is none.
const LONGEST: usize = 40;

/// What stands after 千 in a unit of measure, as in 千米.
const AFTER_KILO: &str = "米克瓦赫卡帕伏焦字比";

/// A numeral that was read.
#[derive(Debug)]
pub(super) struct Numeral {
    /// The token after it.
    pub(super) end: usize,
    /// What it may mean, the likeliest first.
    pub(super) readings: Vec<Value>,
    /// Whether it counts something for certain.
    pub(super) certain: bool,
}

/// The value of a numeral's character below ten.
fn unit(c: char) -> Option<u8> {
    Some(match c {
        '〇' | '零' | '○' => 0,
        '一' | '壹' | '弌' => 1,
        '二' | '两' | '兩' | '贰' | '貳' | '俩' | '倆' => 2,
        '三' | '叁' | '參' | '仨' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// The power of ten that a character multiplies by.
fn power(c: char) -> Option<u32> {
    Some(match c {
        '十' | '拾' => 1,
        '百' | '佰' => 2,
        '千' | '仟' => 3,
        '万' | '萬' => 4,
        '亿' | '億' => 8,
        '兆' => 12,
        _ => return None,
    })
}

/// 廿 and 卅.
fn tens(c: char) -> Option<u128> {
    match c {
        '廿' => Some(20),
        '卅' => Some(30),
        _ => None,
    }
}

/// Whether a numeral may begin or go on with it.
pub(super) fn is_numeral(c: char) -> bool {
    unit(c).is_some() || power(c).is_some() || tens(c).is_some()
}

/// The length in tokens of a word at `at` in which a numeral counts nothing.
pub(super) fn no_number(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    static WORDS: LazyLock<WordList> = LazyLock::new(|| WordList::of(NO_NUMBERS));
    WORDS.longest(tokens, at)
}

/// The numeral whose first token is `at`: of characters, or of digits that a power follows (`350万`, `3万5千`).
pub(super) fn numeral(tokens: &Tokens<'_>, at: usize) -> Option<Numeral> {
    let mut end = at;
    while end < at + LONGEST
        && tokens.kind(end) == Some(Kind::Han)
        && is_numeral(tokens.char(end))
        && (end == at || tokens.glued_before(end))
    {
        end += 1;
    }
    if end == at {
        return None;
    }
    let chars: Vec<char> = (at..end).map(|i| tokens.char(i)).collect();
    let mut sum = Sum::default();
    chars.iter().for_each(|c| sum.push(*c));
    let mixed = continued(tokens, &mut sum, end);
    let positional = chars.iter().all(|c| unit(*c).is_some());
    let value = match (positional && chars.len() > 1, mixed) {
        (true, _) => Value::decimal(&digits(&chars), ""),
        (false, after) => {
            end = after;
            sum.value()?
        }
    };
    let neighbours = positional && chars.len() == 2 && unit(chars[0]).map(|u| u + 1) == unit(chars[1]);
    let bare_power = unit(chars[0]).is_none() && chars.len() == 1 && !matches!(chars[0], '十' | '拾' | '廿' | '卅');
    let certain = !(neighbours || bare_power || matches!(chars[..], ['一' | '零' | '〇']));
    Some(with_fraction(tokens, Numeral { end, readings: vec![value], certain }))
}

/// A numeral of digits goes on with powers: `350` with 万. `value` is that of the digits.
pub(super) fn powers_after(tokens: &Tokens<'_>, value: &Value, at: usize) -> Option<Numeral> {
    let c = tokens.char(at);
    let first = power(c).filter(|_| tokens.kind(at) == Some(Kind::Han))?;
    if c == '千' && AFTER_KILO.contains(tokens.char(at + 1)) {
        return None;
    }
    let mut exponent = first;
    let mut end = at + 1;
    while let Some(more) = power(tokens.char(end)).filter(|more| *more >= 4 && exponent < 4) {
        exponent += more;
        end += 1;
    }
    let value = value.clone().scaled(i32::try_from(exponent).unwrap_or(0));
    let rest = numeral_or_digits(tokens, end).filter(|(rest, _)| below(rest, exponent));
    let (value, end) = match rest.and_then(|(rest, end)| Some((value.plus(&rest)?, end))) {
        Some(sum) => sum,
        None => (value, end),
    };
    Some(Numeral { end, readings: vec![value], certain: true })
}

/// Digits or characters after a power, as the `2000万` of `1亿2000万`; the powers fall, so that this ends soon.
fn numeral_or_digits(tokens: &Tokens<'_>, at: usize) -> Option<(Value, usize)> {
    if !tokens.glued_before(at) {
        return None;
    }
    let mut end = at;
    let mut sum = Sum::default();
    while end < at + 24 {
        match tokens.kind(end) {
            Some(Kind::Digits) => sum.digits(tokens.str(end)),
            Some(Kind::Han) if is_numeral(tokens.char(end)) => sum.push(tokens.char(end)),
            _ => break,
        }
        end += 1;
    }
    (end > at).then(|| sum.value()).flatten().map(|value| (value, end))
}

fn below(value: &Value, power: u32) -> bool {
    value.whole().is_some_and(|whole| 10_u128.checked_pow(power).is_some_and(|limit| whole < limit))
}

/// `三万5千`: digits after characters.
fn continued(tokens: &Tokens<'_>, sum: &mut Sum, at: usize) -> usize {
    let follows = tokens.kind(at) == Some(Kind::Digits) && tokens.glued_before(at) && sum.ends_with_power;
    if !follows || power(tokens.char(at + 1)).is_none() {
        return at;
    }
    sum.digits(tokens.str(at));
    sum.push(tokens.char(at + 1));
    at + 2
}

fn digits(chars: &[char]) -> String {
    chars.iter().filter_map(|c| unit(*c)).map(|u| char::from(b'0' + u)).collect()
}

/// `三点五`, where the digits after the point stand for themselves.
fn with_fraction(tokens: &Tokens<'_>, numeral: Numeral) -> Numeral {
    let Numeral { end, readings, certain } = numeral;
    let mut after = end + 1;
    if matches!(tokens.char(end), '点' | '點') {
        while unit(tokens.char(after)).is_some() {
            after += 1;
        }
    }
    let fraction: Vec<char> = (end + 1..after).map(|i| tokens.char(i)).collect();
    let whole = readings.first().and_then(Value::whole).filter(|_| !fraction.is_empty());
    match whole {
        Some(whole) => {
            let value = Value::decimal(&whole.to_string(), &digits(&fraction));
            let value = power(tokens.char(after))
                .map_or((value.clone(), after), |p| (value.scaled(i32::try_from(p).unwrap_or(0)), after + 1));
            Numeral { end: value.1, readings: vec![value.0], certain: true }
        }
        None => Numeral { end, readings, certain },
    }
}

/// The sum that a numeral says, sections of four digits at a time.
#[derive(Debug, Default)]
struct Sum {
    total: u128,
    section: u128,
    last: Option<u128>,
    ends_with_power: bool,
    overflown: bool,
}

impl Sum {
    fn push(&mut self, c: char) {
        self.ends_with_power = false;
        if let Some(unit) = unit(c) {
            self.last =
                Some(self.last.filter(|_| unit != 0).unwrap_or(0).saturating_mul(10).saturating_add(unit.into()));
        } else if let Some(tens) = tens(c) {
            self.section = self.section.saturating_add(tens);
        } else if let Some(power) = power(c) {
            self.power(power);
        }
    }

    fn digits(&mut self, text: &str) {
        self.ends_with_power = false;
        let digits: String = text.chars().filter_map(digit).map(|d| char::from(b'0' + d)).collect();
        self.last = digits.parse().ok();
        self.overflown |= self.last.is_none();
    }

    fn power(&mut self, power: u32) {
        let ten = 10_u128.pow(power);
        if power < 4 {
            self.section = self.section.saturating_add(self.last.take().unwrap_or(1).saturating_mul(ten));
        } else {
            let section = self.section.saturating_add(self.last.take().unwrap_or(0));
            // 三千万亿: a power after a power multiplies what is summed so far
            let whole = if section == 0 { std::mem::take(&mut self.total).max(1) } else { section };
            self.overflown |= whole.checked_mul(ten).is_none();
            self.total = self.total.saturating_add(whole.saturating_mul(ten));
            self.section = 0;
        }
        self.ends_with_power = true;
    }

    fn value(&self) -> Option<Value> {
        let total = self.total.checked_add(self.section)?.checked_add(self.last.unwrap_or(0))?;
        (!self.overflown && total < 10_u128.pow(30)).then(|| Value::integer(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_of_characters() {
        for (text, value) in [
            ("三百二十", 320),
            ("二〇〇八", 2008),
            ("一九九八", 1998),
            ("廿三", 23),
            ("十", 10),
            ("十五", 15),
            ("两万五千", 25_000),
            ("一亿二千万", 120_000_000),
            ("三千零五", 3005),
            ("一百零八", 108),
            ("壹佰贰拾叁", 123),
            ("三萬", 30_000),
            ("三千万亿", 3_000_000_000_000_000),
            ("三万5千", 35_000),
        ] {
            let numeral = numeral(&Tokens::of(text), 0).unwrap();
            assert_eq!(numeral.readings, [Value::integer(value)], "{text}");
        }
        let tokens = Tokens::of("三点五");
        assert_eq!(numeral(&tokens, 0).unwrap().readings, [Value::decimal("3", "5")]);
    }

    #[test]
    fn digits_with_powers() {
        for (text, first, value) in
            [("350万", "350", 3_500_000), ("3万5千", "3", 35_000), ("1亿2000万", "1", 120_000_000)]
        {
            let numeral = powers_after(&Tokens::of(text), &Value::decimal(first, ""), 1).unwrap();
            assert_eq!(numeral.readings, [Value::integer(value)], "{text}");
        }
        assert!(powers_after(&Tokens::of("5千米"), &Value::integer(5), 1).is_none());
    }
}
