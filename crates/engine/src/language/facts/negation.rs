//! Which clauses of a text are negated.

use std::sync::LazyLock;

use super::Span;
use super::lists::WordList;
use super::tokens::{Kind, Tokens};

/// A part of a sentence that says one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clause {
    /// Where it stands, without the mark or the conjunction before it.
    pub span: Span,
    /// Whether it denies: its negations are odd in number.
    pub negative: bool,
    /// Whether words in it deny without a negation ("fails to", "rarely", 禁止), so that its polarity proves nothing.
    pub unclear: bool,
}

/// English words that deny.
const NEGATIONS: [&str; 13] = [
    "not", "never", "no", "none", "neither", "nor", "without", "cannot", "nobody", "nothing", "nowhere", "noone", "non",
];

/// English words, or their beginnings, that deny in part or by their meaning.
const WEAK: [&str; 41] = [
    "few", "little", "hardly", "rarely", "seldom", "barely", "scarcely", "fail", "refus", "lack", "unable", "impossib",
    "prohibit", "forbid", "forbad", "ban", "banned", "deny", "denie", "absen", "reject", "prevent", "avoid", "except",
    "unless", "instead", "rather", "unlike", "despite", "only", "exclud", "stop", "cease", "omit", "oppose",
    "opposing", "neglect", "dissent", "lose", "lost", "missing",
];

/// English conjunctions at which another clause begins.
const CONJUNCTIONS: [&str; 14] = [
    "but", "although", "though", "while", "whereas", "because", "since", "so", "unless", "if", "when", "which", "who",
    "however",
];

/// Characters that deny, in Chinese.
const HAN_NEGATIONS: &str = "不没沒无無未非否莫勿毋";

/// Words in which such a character denies nothing, or nothing of the clause.
const NO_NEGATIONS: &str = "不同 不仅 不僅 不但 不断 不斷 不少 不过 不過 不久 不管 不论 不論 不止 不只 不单 不光 不等 不一 不妨 不愧 不禁 不由 \
    不得不 不可不 不能不 无不 無不 无非 無非 莫不 不外 不如 不亚于 不亞於 不下 不惜 不已 不凡 不朽 不锈 不鏽 不列颠 不列顛 不丹 不动产 不動產 不明 \
    不幸 不良 不足 不满 不滿 不安 不便 不利 不错 不錯 不时 不時 不料 不一样 不规则 不規則 不稳定 不平等 不必说 对不起 差不多 要不 了不起 毫不 \
    无数 無數 无论 無論 无线 無線 无锡 無錫 无限 無限 无疑 無疑 无机 無機 无人机 無人機 无畏 无私 无敌 無敵 无穷 無窮 无产 無產 无党派 南无 无政府 无性 无色 \
    无常 无上 无关 无辜 未来 未來 未必 未免 未婚 未知 未亡 未遂 未成年 前所未有 未央 己未 辛未 癸未 丁未 乙未 方兴未艾 \
    非常 非洲 除非 非凡 非法 非正式 非官方 非政府 非营利 非營利 非物质 非裔 非金属 非典 是非 非得 非但 非盈利 南非 北非 西非 东非 中非 \
    否认 否認 否定 否则 否則 是否 能否 可否 与否 否决 否決 莫斯科 莫扎特 莫里 莫尔 莫大 莫名 莫克 莫奈 萨莫 哈莫 托莫 \
    沉没 沉沒 没收 沒收 淹没 淹沒 埋没 没落 沒落 出没 没药 不乏 不容 不料 无所谓 有没有 是不是 能不能 会不会 要不要 可不可以";

/// Words that deny by their meaning, in Chinese.
const HAN_WEAK: &str = "禁止 拒绝 拒絕 缺乏 缺少 失败 失敗 避免 防止 否认 否認 否定 否决 很少 极少 除非 难以 難以 反对 反對 阻止 停止 取消 免 勿 仅 只有 除 不足 未必";

const HAN_CONJUNCTIONS: [&str; 10] = ["但是", "然而", "虽然", "雖然", "因为", "因為", "所以", "如果", "而且", "并且"];

/// The clauses of a text, ascending.
pub fn clauses(tokens: &Tokens<'_>) -> Vec<Clause> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at < tokens.all.len() {
        let (ends, length) = boundary(tokens, at);
        if ends {
            out.extend(clause(tokens, from, at));
            from = at + length;
        }
        at += length.max(1);
    }
    out.extend(clause(tokens, from, at));
    out
}

/// Whether a clause ends before token `at`, and how many tokens lie between it and the next.
fn boundary(tokens: &Tokens<'_>, at: usize) -> (bool, usize) {
    match tokens.kind(at) {
        Some(Kind::Mark) => (is_boundary(tokens, at), 1),
        Some(Kind::Word) => (CONJUNCTIONS.contains(&tokens.str(at).to_lowercase().as_str()), 1),
        Some(Kind::Han) => match HAN_CONJUNCTIONS.iter().find(|word| tokens.spells(at, word)) {
            Some(word) => (true, word.chars().count()),
            None => (false, 1),
        },
        _ => (false, 1),
    }
}

fn is_boundary(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.char(at) {
        '.' | ',' | ':' => !(tokens.glued(at) && tokens.kind(at + 1) == Some(Kind::Digits)),
        c => matches!(
            c,
            ';' | '!'
                | '?'
                | '('
                | ')'
                | '—'
                | '…'
                | '，'
                | '。'
                | '；'
                | '：'
                | '！'
                | '？'
                | '（'
                | '）'
                | '“'
                | '”'
        ),
    }
}

fn clause(tokens: &Tokens<'_>, from: usize, to: usize) -> Option<Clause> {
    let to = to.min(tokens.all.len());
    let mut negations = 0_usize;
    let mut unclear = false;
    let mut at = from;
    while at < to {
        let (count, weak, length) = match tokens.kind(at) {
            Some(Kind::Word) => english(tokens.str(at)),
            Some(Kind::Han) => chinese(tokens, at),
            _ => (0, false, 1),
        };
        negations += count;
        unclear |= weak;
        at += length;
    }
    (from < to).then(|| Clause { span: tokens.span(from, to), negative: negations % 2 == 1, unclear })
}

/// How often a word denies, whether it does so by its meaning, and its length in tokens.
fn english(word: &str) -> (usize, bool, usize) {
    if word.len() > 24 {
        return (0, false, 1);
    }
    let lower = word.to_lowercase().replace('’', "'");
    let denies = NEGATIONS.contains(&lower.as_str()) || lower.ends_with("n't");
    let weak = WEAK.iter().any(|weak| if weak.len() > 4 { lower.starts_with(weak) } else { lower == *weak });
    let inflected = ["fails", "failed", "lacks", "lacked", "lacking", "failing", "bans", "loses", "stopped", "stops"];
    (usize::from(denies), weak || inflected.contains(&lower.as_str()), 1)
}

fn chinese(tokens: &Tokens<'_>, at: usize) -> (usize, bool, usize) {
    static WEAK_WORDS: LazyLock<WordList> = LazyLock::new(|| WordList::of(HAN_WEAK));
    static IDLE: LazyLock<WordList> = LazyLock::new(|| WordList::of(NO_NEGATIONS));
    let weak = WEAK_WORDS.longest(tokens, at).is_some();
    match IDLE.longest(tokens, at) {
        Some(length) => (0, weak, length),
        None => {
            let denies = HAN_NEGATIONS.contains(tokens.char(at)) || is_imperative(tokens, at);
            // 没有 is one denial
            (usize::from(denies), weak, 1)
        }
    }
}

/// 别 that forbids, which stands before a verb and after no noun: at the beginning of its clause.
fn is_imperative(tokens: &Tokens<'_>, at: usize) -> bool {
    matches!(tokens.char(at), '别' | '別')
        && (at == 0 || tokens.kind(at - 1) == Some(Kind::Mark))
        && !"名称人墅的".contains(tokens.char(at + 1))
}
