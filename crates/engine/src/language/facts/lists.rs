//! Lists of words and characters, from general knowledge of the two languages.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::tokens::Tokens;

/// Chinese words by their first character.
#[derive(Debug)]
pub(super) struct WordList(HashMap<char, Vec<&'static str>>);

impl WordList {
    /// Of words that white space parts.
    pub(super) fn of(words: &'static str) -> Self {
        let mut by_first: HashMap<char, Vec<&'static str>> = HashMap::new();
        for word in words.split_whitespace() {
            by_first.entry(word.chars().next().unwrap_or_default()).or_default().push(word);
        }
        Self(by_first)
    }

    /// The length, in tokens, of the longest word that begins with token `at`.
    pub(super) fn longest(&self, tokens: &Tokens<'_>, at: usize) -> Option<usize> {
        let words = self.0.get(&tokens.char(at))?;
        words.iter().filter(|word| tokens.spells(at, word)).map(|word| word.chars().count()).max()
    }
}

/// Common Chinese words of two characters and more that are no names.
const HAN_WORDS: &str = include_str!("han_words.txt");
/// Names that Chinese texts speak of often.
const HAN_PLACES: &str = include_str!("han_places.txt");

fn words(text: &'static str) -> HashSet<Box<[char]>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(|word| word.chars().collect()).collect()
}

/// The common words, one entry each.
pub(super) static COMMON: LazyLock<HashSet<Box<[char]>>> = LazyLock::new(|| words(HAN_WORDS));
/// The well-known names, one entry each.
pub(super) static KNOWN: LazyLock<HashSet<Box<[char]>>> = LazyLock::new(|| words(HAN_PLACES));

/// The most characters that an entry of either list has.
pub(super) const LONGEST: usize = 7;

/// Characters of grammar, and words of one character that say little of whom or what.
pub(super) const FUNCTION: &str = "的了着过是在有和与及或也都就而但被把对从到为于以之其这那哪什么怎谁几多少个些种样请问我你他她它们\
    何做又双向并当很再已曾最未本此每由用让使将可能会要该应须得地不没无非否别莫勿且则若如因所者等即便乃亦皆均仅只才更还仍却\
    名位座条项次届件部篇首张幅艘架辆台间家所处段期批套组对群支队份块层级号款颗粒根枝匹头只点时分秒刻天日月年周季代岁\
    大小多少高低长短新旧前后左右上下内外中里东西南北说叫称指给带做去来出进入回起开看见想像比同按照经据自至约近全各某另第\
    共总曾先后初末共数量约余许场吗呢吧啊呀嘛哦啦人";

/// Characters with which foreign names are written.
pub(super) const TRANSLITERATION: &str = "阿埃艾安昂奥巴白班邦保贝本比彼宾波伯博卜布查达大戴丹道德登邓迪蒂丁顿多厄恩尔法凡菲费芬丰佛\
    弗夫福富盖冈戈哥格葛古哈汉豪赫亨洪侯胡华怀惠霍基吉加贾杰金卡凯坎康考柯科克肯库夸奎拉莱赖兰朗劳勒雷黎礼里丽利莉理力连廉\
    林琳卢鲁伦罗洛马玛迈麦曼芒毛梅门蒙米密敏明缪摩莫墨默穆姆拿娜纳奈南内尼妮涅宁牛纽努诺欧帕潘庞佩彭皮匹平珀普齐奇契钦琼\
    丘屈让热日荣瑞萨塞赛桑瑟沙莎山舍申圣施史舒斯丝思苏索塔泰坦汤唐陶特藤提图土托瓦万旺威韦维伟魏温文翁沃乌西希锡夏谢辛休\
    修许雪逊雅亚延扬耶叶伊易意英尤雨约泽扎詹珍芝治朱兹佐坡萝蕾薇茜洁詹姆娅黛蓓碧莱霖妲玻菈柏杜詹乔贡汀滕甘喀俄犹根歇";

/// Those of them that other words have seldom.
pub(super) const STRONG_TRANSLITERATION: &str = "阿埃艾奥巴贝彼伯卜迪蒂丁顿厄恩尔菲芬弗戈葛哈赫亨侯霍吉贾卡凯坎柯克莱赖兰勒黎莉廉琳卢鲁伦\
    洛玛迈曼芒蒙缪穆姆娜纳奈尼妮涅纽诺帕潘庞佩珀契钦琼丘萨塞桑瑟莎斯丝塔坦陶特藤托瓦韦魏沃乌锡逊雅亚耶伊尤扎詹兹佐萝蕾薇茜娅黛蓓\
    滕喀犹罗德拉亚";

/// Surnames of one character.
pub(super) const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任\
    沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢\
    安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧阳管\
    柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和\
    仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝";

/// Endings of the names of places and bodies of one character. Of these alone a short word is a name.
pub(super) const SUFFIXES: &str = "国國省市县縣区區州郡镇鎮乡鄉村岛島湖河江山海洋湾灣港城寺庙廟宫宮塔桥橋路街站岭嶺峰谷原洲族语語派党黨军軍朝\
    教家氏王帝公侯妃后奖獎号號院校馆館厂廠社报報剧劇";

/// Endings of several characters.
pub(super) const LONG_SUFFIXES: [&str; 44] = [
    "大学",
    "大學",
    "学院",
    "學院",
    "中学",
    "小学",
    "公司",
    "集团",
    "集團",
    "银行",
    "銀行",
    "机场",
    "機場",
    "医院",
    "醫院",
    "车站",
    "車站",
    "帝国",
    "帝國",
    "王国",
    "王國",
    "共和国",
    "共和國",
    "王朝",
    "汗国",
    "汗國",
    "半岛",
    "半島",
    "群岛",
    "群島",
    "高原",
    "平原",
    "盆地",
    "山脉",
    "沙漠",
    "海峡",
    "海峽",
    "条约",
    "条約",
    "战争",
    "戰爭",
    "运动",
    "起义",
    "杂志",
];

/// Words at the beginning of English sentences that are no names.
pub(super) const OPENERS: &str = "a about above according across actually additionally after afterwards again against all almost alone along already \
    also although always am among an and another any anyone anything apart are around as aside at away back based be because become been before \
    behind being below beneath beside besides best better between beyond both but by can cannot certain clearly compared concerning consequently \
    considering could currently despite did do does due during each earlier early either else elsewhere enough especially even eventually ever every \
    everyone everything except few fewer finally first following for former formerly fortunately from further furthermore generally given \
    had half hardly has have having he hence her here hers herself him himself his historically how however i if important in indeed initially \
    inside instead into is it its itself just last late later latter least less let like likewise little long made mainly many may maybe me \
    meanwhile might mine more moreover most mostly much must my myself near nearly neither never nevertheless new next no nobody none nonetheless \
    nor not nothing notably now nowadays of off often old on once one only onto opposite or originally other others otherwise our ours out outside \
    over overall own particularly people per perhaps possible potentially previously prior probably provided quite rather recent recently regarding \
    respectively same second secondly seen several shall she should similar similarly since so some somebody someone something sometimes soon \
    specifically still subsequently such supposedly than thanks that the their theirs them themselves then there thereafter thereby therefore these \
    they third this those though through throughout thus to today together tomorrow too toward towards traditionally two typically ultimately \
    under underneath unfortunately unless unlike until up upon us use used using usually various very via was we well were what whatever when \
    whenever where whereas wherever whether which whichever while who whoever whole whom whose why will with within without would yes yesterday \
    yet you young your yours";

/// Nouns and adjectives with which English sentences begin without an article.
pub(super) const PLAIN: &str = "access action activity adult advice age agriculture aid air air amount analysis ancient animal apple approach area art \
    article aspect attention audience author average bank beer bread business calcium capital carbon care case category cause cell change chapter \
    charge child children church citizen city civil class clear climate close club coal code coffee college color colour commerce common community \
    company competition computer conflict congress construction consumer contact content context control copper corn corruption cost cotton country \
    courage crime critic crop culture custom damage data death debate debt defense degree demand design detail development diet difference \
    direct disease drug earth eastern economy economic education effect effort electric electricity energy engine enrollment entry \
    environment equal equipment error estimate evidence example exercise experience expert export extra fact faith family farm fat fear federal \
    female field film final finance fire fish flow food foot force foreign form free freedom french friction fruit fuel full function \
    fund game gas gender general global gold good government grass great group growth hair hand harm health heart heat heavy help high home hope \
    hot house housing human hunger hydrogen ice income industry inflation information inside iron island issue job joint judge justice key kind \
    knowledge labor labour lack land language large larger law lawyer lead leader learn left legal legend level library life light line list \
    literature local location love low low lower main major male man market marriage mass material math matter meat media medical medicine member \
    memory men metal method middle military milk mind minor modern modernization money movement music natural nature nearby night nitrogen noble \
    noise normal north northern number nutrition oil online open opinion order organic output oxygen paper parent part party pain past patient \
    peace period person physical place plan plant plastic player poetry police policy political politics pollution poor popular population \
    poverty power practice present pressure price primary private problem process product production profit program progress project property public quality \
    race radio rain rapid rate reason red reduced regular related religion religious report research response rice rich right risk river road rock role \
    rule rural sand school science sea season secondary section security senior sex ship short sign silver size sleep slow small smoke snow social society \
    soil soldier source south southern space special speed spring staff standard state steam steel stone strong structure student study sugar summer sun \
    sunlight supply support surface tax tea teacher technology television text theory time top total trade traffic training transport travel treatment \
    tree true trust truth type uranium urban value vehicle victory violence vitamin volume wage war waste water wealth weather weight west western white wine \
    winter wisdom woman women wood word work worker world writing year youth";

/// Joints inside a name, lower case.
pub(super) const JOINTS: [&str; 24] = [
    "of", "the", "de", "van", "von", "der", "den", "la", "le", "du", "di", "da", "del", "della", "des", "dos", "al",
    "el", "bin", "ibn", "und", "y", "et", "for",
];

/// Titles of persons, which one text has and another leaves out; lower case.
pub(super) const TITLES: [&str; 40] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "professor",
    "president",
    "king",
    "queen",
    "sir",
    "lord",
    "lady",
    "saint",
    "st",
    "pope",
    "emperor",
    "empress",
    "prince",
    "princess",
    "duke",
    "general",
    "captain",
    "colonel",
    "senator",
    "governor",
    "minister",
    "chancellor",
    "bishop",
    "archbishop",
    "count",
    "jr",
    "sr",
    "phd",
    "judge",
    "justice",
    "mayor",
    "chief",
    "prime",
    "dynasty",
];
