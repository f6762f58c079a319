//! Traditional characters read as simplified ones.

use std::sync::LazyLock;

/// Pairs of a traditional character and its simplified one; the file names its source.
const PAIRS: &str = include_str!("simplified.txt");

/// The first character of the span in which nearly all the traditional ones stand.
const FIRST: u32 = 0x3400;

/// The last one.
const LAST: u32 = 0x9FFF;

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

struct Table {
    /// The simplified character of each from [`FIRST`] to [`LAST`].
    common: Vec<char>,
    /// Pairs of the others, ascending.
    rare: Vec<(char, char)>,
}

impl Table {
    fn read() -> Self {
        let mut table = Self { common: (FIRST..=LAST).filter_map(char::from_u32).collect(), rare: Vec::new() };
        for line in PAIRS.lines().filter(|line| !line.starts_with('#')) {
            let mut chars = line.chars();
            while let (Some(from), Some(to)) = (chars.next(), chars.next()) {
                match table.common.get_mut(index(from)) {
                    Some(at) => *at = to,
                    None => table.rare.push((from, to)),
                }
            }
        }
        table.rare.sort_unstable();
        table
    }
}

/// Where a character stands in the table of the common ones; beyond its end for all others.
fn index(c: char) -> usize {
    u32::from(c).wrapping_sub(FIRST) as usize
}

/// The simplified character that is read for a traditional one; any other is its own. The character alone decides, as a
/// search must: where one traditional character has several (乾: 干, 乾), it is always the commonest.
pub fn simplified(c: char) -> char {
    if u32::from(c) < FIRST {
        return c;
    }
    let table = &*TABLE;
    if let Some(common) = table.common.get(index(c)) {
        return *common;
    }
    table.rare.binary_search_by_key(&c, |pair| pair.0).map_or(c, |at| table.rare[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_characters_are_read_as_simplified_ones() {
        let text = "資料庫與機器學習，裡裏後臺";
        assert_eq!(text.chars().map(simplified).collect::<String>(), "资料库与机器学习，里里后台");
        assert_eq!(simplified('a'), 'a');
        assert_eq!(simplified('库'), '库');
        assert_eq!(simplified('𠁞'), '𠀾');
        assert_eq!(simplified(char::MAX), char::MAX);
    }

    #[test]
    fn what_is_simplified_stays() {
        let pairs = PAIRS.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars);
        pairs.for_each(|c| assert_eq!(simplified(simplified(c)), simplified(c), "{c}"));
        assert_eq!(PAIRS.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars).count() % 2, 0);
    }
}
