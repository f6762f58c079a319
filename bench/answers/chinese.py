"""Rules that restate a Chinese sentence, or alter one fact of it. See english.py for what a rule promises."""

import re

from english import altered_digits, put

HAN = "\u4e00-\u9fff"
NUMERALS = "零一二三四五六七八九十"
SMALL = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十二": 12, "二十": 20,
         "三十": 30}
MEASURE = "[个名种位次条支座层艘天部所项家届篇本人场颗枚只匹]"
NAMES = {
    "scholar": """托马斯·皮凯蒂|亨利·科尔|威廉·廷代尔|詹姆斯·赫顿|古列尔莫·马可尼|尼古拉斯·戈洛文|埃罗·沙里宁|保罗·萨缪尔森
        |亨利·戴维·梭罗|安托万·拉瓦锡|卡尔·威尔海姆·舍勒|查尔斯·波特|威廉·法瑞尔|卢卡斯·克拉纳奇|特斯拉|爱迪生|牛顿|爱因斯坦
        |亚里士多德|路德|加尔文|甘地|牟复礼|弗里德里希•拉采尔|哈尔福德•麦金德|约翰•卫斯理|沈括|伯特·布林|拉津德·帕乔里|欧几里得
        |欧拉|麦金德|拉采尔|梁启超|郭守敬""",
    "player": """培顿·曼宁|约翰·埃尔维|达德利·辛普森|特雷弗·马丁|玛丽·麦特琳|大卫·班克斯|布莱恩·约翰逊|安迪·泰勒|蒋家旻|保罗·皮尔斯
        |迈克尔·舒马赫|巴里切罗|李娜|博尔特|孙协志|林郁智|任家萱|女神卡卡|大久保笃|黄华麒|陈柏霖|谭望嵩""",
    "ruler": """威廉·西蒙|萨蒂亚·纳德拉|拉里·埃伦斯|罗伯特•金特纳|忽必烈|成吉思汗|窝阔台|尼克松|罗洛|松平康忠|罗保铭|桓冲|司马曜|谢安
        |高肇|元恪|耶律留哥|长宗我部元亲|戈登森|蒋巨峰|曹操|刘备""",
    "city": """巴黎|伦敦|爱丁堡|墨尔本|洛杉矶|圣迭戈|华沙|悉尼|蒙特利尔|威尼斯|阿姆斯特丹|奥斯陆|底特律|安阿伯|那不勒斯|济南|武汉
        |曼谷|东京|柏林|上海|天津|重庆|南京|广州|杭州|成都|首尔|罗马|维也纳|纽卡斯尔""",
    "country": """法国|英国|德国|意大利|瑞典|美国|日本|巴西|肯尼亚|伊朗|埃及|叙利亚|波兰|俄罗斯|荷兰|泰国|缅甸|越南|新加坡|西班牙|葡萄牙
        |加拿大|印度|韩国|菲律宾|马来西亚|澳大利亚|瑞士|希腊|土耳其|以色列|挪威|丹麦|秘鲁|智利""",
    "region": """广东|云南|四川|江苏|福建|山东|海南|贵州|湖南|湖北|陕西|浙江|河北|安徽|江西|甘肃|辽宁|吉林""",
    "state": "佛罗里达州|维多利亚州|密歇根州|得克萨斯州|弗吉尼亚州|加利福尼亚州|明尼苏达州|俄亥俄州",
    "company": """微软|甲骨文公司|高盛|哥伦比亚广播公司|美国全国广播公司|任天堂|索尼|世嘉|丰田|福特|无线电视|亚洲电视|香港电台|三立""",
    "school": "巴黎大学|牛津大学|哈佛大学|清华大学|南开大学|北京大学|麻省理工学院|香港大学|复旦大学|耶鲁大学",
    "team": "新英格兰爱国者队|匹兹堡钢人队|洛杉矶湖人队|野马队|黑豹队|凯尔特人|国际米兰|河南建业",
    "institution": "国家科学基金会|皇家学会|世界银行|联合国|欧洲法院|欧盟委员会|最高法院|英国遗产|国际奥委会",
    "party": "自由党|工党|保守党|共产党|国民党|穆斯林兄弟会|社会党|民主党|共和党",
}
KINDS = {name.strip(): kind for kind, text in NAMES.items() for name in text.split("|")}
NAME = re.compile("|".join(sorted(map(re.escape, KINDS), key=len, reverse=True)))
SIMPLIFIED = ("国学会时东车见长门问间马鸟鱼龙书语说话请读课谁认识记设计论讲词让议许试这个们为从对动业产县严丽举义乐习乡买乱争亚亲仅"
              "众优伟传伤伦伪体余佣侧侨俩债倾偿儿兰关兴养兽军农冲决况冻净减凤凭击创别剧剑剂务势劳勋区医单卢卫厂厅压厌厕厢厦县参双变"
              "叶号员围园图圆圣场坏块坚坛坝坟坠垒垦垫墙壮声处备够头夹夺奋奖妆妇妈娱孙宁宝实宠审宪宫宽宾寝导寿将尔尘尝层属岁岂岗岛岭"
              "帅师帐帜带帮库应庙废异弃张弥弯弹强录忆忧怀态总恋恶战户扑执扩扫扬扰抚报担拟拥拨择挂挡挤挥捡损换据掷掺携摄摆摇撑敌数"
              "斗断无旧显晓晒术机杀杂权杨极构枪标栋树样档桥检楼欢欧步残毁毕汇汉没沟泪泽洁测济浓涛涨润渐湾湿满滚滤灭灯灵灾炉点炼烂"
              "烟热爱爷牵牺状独环现电画疗监盖盘矿码确础离种积称稳穷竞笔简类粮紧红约级纪纯纳纸纷线练组细织终经绍结给络绝统继绩绪续维"
              "绿缩网罗罚职联聪肃胜脉脏脑脚节药获营虽蚁补装观规视览觉订讨训"
              "该进过达还运远连选遗郑针钢铁银铜错键锋阳阴阵阶际陆陈险随隐难领频题额风飞饭馆驻验齐齿财败货质贵费资赛赞输边迁轮软轻载"
              "较辅辑责贸贝负贡购贫贯赏轨转轴释镇镜闻阅队韩顾顿预颁项顺颜饮饰骑鲁鲜鲸鸡麦")
TRADITIONAL = ("國學會時東車見長門問間馬鳥魚龍書語說話請讀課誰認識記設計論講詞讓議許試這個們爲從對動業產縣嚴麗舉義樂習鄉買亂爭亞親僅"
               "眾優偉傳傷倫僞體餘傭側僑倆債傾償兒蘭關興養獸軍農衝決況凍淨減鳳憑擊創別劇劍劑務勢勞勳區醫單盧衛廠廳壓厭廁廂廈縣參雙變"
               "葉號員圍園圖圓聖場壞塊堅壇壩墳墜壘墾墊牆壯聲處備夠頭夾奪奮獎妝婦媽娛孫寧寶實寵審憲宮寬賓寢導壽將爾塵嘗層屬歲豈崗島嶺"
               "帥師帳幟帶幫庫應廟廢異棄張彌彎彈強錄憶憂懷態總戀惡戰戶撲執擴掃揚擾撫報擔擬擁撥擇掛擋擠揮撿損換據擲摻攜攝擺搖撐敵數"
               "鬥斷無舊顯曉曬術機殺雜權楊極構槍標棟樹樣檔橋檢樓歡歐步殘毀畢匯漢沒溝淚澤潔測濟濃濤漲潤漸灣濕滿滾濾滅燈靈災爐點煉爛"
               "煙熱愛爺牽犧狀獨環現電畫療監蓋盤礦碼確礎離種積稱穩窮競筆簡類糧緊紅約級紀純納紙紛線練組細織終經紹結給絡絕統繼績緒續維"
               "綠縮網羅罰職聯聰肅勝脈臟腦腳節藥獲營雖蟻補裝觀規視覽覺訂討訓"
               "該進過達還運遠連選遺鄭針鋼鐵銀銅錯鍵鋒陽陰陣階際陸陳險隨隱難領頻題額風飛飯館駐驗齊齒財敗貨質貴費資賽贊輸邊遷輪軟輕載"
               "較輔輯責貿貝負貢購貧貫賞軌轉軸釋鎮鏡聞閱隊韓顧頓預頒項順顏飲飾騎魯鮮鯨雞麥")
TO_TRADITIONAL = str.maketrans(SIMPLIFIED, TRADITIONAL)
AMBIGUOUS = set("后里面只干系台发复历余冲别匯汇斗获脏尝")
FULL_WIDTH = str.maketrans("0123456789%", "０１２３４５６７８９％")
NEGATION = re.compile("[不没無无未非否别勿莫免禁]|难以|拒绝|缺乏|失败")


def sentences(text):
    """The sentences of a passage, each a verbatim slice of it."""
    return [s.strip() for s in re.findall(r"[^。！？]+[。！？]+[”」』）]?", text) if usable(s.strip())]


def usable(s):
    """Whether a sentence is whole: of a fair length, closed brackets and quotes, no residue of a wiki."""
    pairs = ("（）", "“”", "《》", "「」", "()", "『』")
    return (16 <= len(s) <= 130 and s[-1] == "。" and all(s.count(a) == s.count(b) for a, b in pairs)
            and not re.search(r"-\{|formula|（）|<|citation|引证|引用|：$|[\"'：:]\s*$|^[）」”，、]|\[|\]|饰\)", s)
            and len(re.findall(f"[{HAN}]", s)) > len(s) * 0.5)


def values(text):
    """All numbers that stand in a text, in digits or in Chinese numerals below a hundred."""
    digits = {t.replace(",", "") for t in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    return digits | {str(n) for w, n in SMALL.items() if w in text}


# --- restatements that stay true


def lead_in(source, rng):
    return rng.choice(["根据该段落，", "文中提到，", "据原文所述，", "资料显示，"]) + source.sentence


def clause_dropped(source, rng):
    s = source.sentence
    bare = re.sub(r"\s*（[^（）]*）|(?<![A-Za-z])\s*\([^()]*\)", "", s)
    if bare != s and "(" not in bare:
        return bare
    tail = re.search(r"，(?:但|而|尽管|其中|包括|并且|同时|因此|从而|以及)[^，；]*。$", s)
    if tail and tail.start() > 14 and not re.match("如果|虽然|尽管|除了|由于|不仅|当", s):
        return s[:tail.start()] + "。"
    head = re.match(r"(?:在?\s*\d{3,4}\s*年[^，]{0,6}|此外|然而|因此|同时|另外)，", s)
    return s[head.end():] if head and len(s) - head.end() > 14 else None


def number_form(source, rng):
    s = source.sentence
    forms = []
    for m in re.finditer(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", s):
        forms.append(put(s, m, m[0].replace(",", "")))
        if int(m[0].replace(",", "")) % 10000 == 0:
            forms.append(put(s, m, f"{int(m[0].replace(',', '')) // 10000}万"))
    for m in re.finditer(r"(?<![\d.,])(\d{1,4}(?:\.\d)?)\s*万(?!亿|[元年])", s):
        forms.append(put(s, m, f"{round(float(m[1]) * 10000):,}"))
    for m in re.finditer(f"(?<![{NUMERALS}百千万第数几、～~\\d-])(两|[二三四五六七八九十]|十二|二十)(?={MEASURE})(?!人)", s):
        forms.append(put(s, m, str(SMALL[m[0]])))
    small = {str(n): w for w, n in SMALL.items()} | {"2": "两"}
    for m in re.finditer(f"(?<![\\d.,第–~～、至-])\\s?(\\d{{1,2}})\\s?(?={MEASURE})", s):
        if m[1] in small:
            forms.append(put(s, m, small[m[1]]))
    for m in re.finditer(r"(?<![\d.,~～-])(\d{1,2})\s*[%％]", s):
        forms.append(put(s, m, f"百分之{numeral(int(m[1]))}"))
    return rng.choice(forms) if forms and not re.search("《[^》]*[两二三四五六七八九十][^》]*》", s) else None


def numeral(n):
    """A number from 1 to 99 in Chinese numerals."""
    tens, ones = divmod(n, 10)
    head = "" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十"
    return head + (NUMERALS[ones] if ones or not tens else "")


def date_form(source, rng):
    s = source.sentence
    m = re.search(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日(?!\s*[-–~～至到、])", s)
    if not m:
        return None
    year, month, day = "".join("〇" if c == "0" else NUMERALS[int(c)] for c in m[1]), int(m[2]), int(m[3])
    return put(s, m, rng.choice([f"{m[1]}-{month:02}-{day:02}", f"{m[1]}年{month:02}月{day:02}日",
                                 f"{year}年{numeral(month)}月{numeral(day)}日", f"{m[1]}/{month}/{day}"]))


def surname(source, rng):
    s = source.sentence
    people = [m for m in NAME.finditer(s) if re.search("[·•]", m[0])]
    return put(s, people[0], re.split("[·•]", people[0][0])[-1]) if people else None


def typography(source, rng):
    s = source.sentence
    if re.search(r"\d", s) and rng.random() < 0.4:
        return s.translate(FULL_WIDTH)
    known = [c for c in s if c in SIMPLIFIED]
    if len(known) >= 5 and not AMBIGUOUS & set(s) and wholly_traditional(s.translate(TO_TRADITIONAL)):
        return s.translate(TO_TRADITIONAL)
    half = s.replace("（", "(").replace("）", ")").replace("，", ", ").replace("：", ": ")
    return half if half != s else None


def wholly_traditional(text):
    """Whether no simplified character is left: Big5 has none."""
    try:
        return bool(text.encode("big5"))
    except UnicodeEncodeError:
        return False


def spacing(source, rng):
    """The spaces that XQuAD's translators left around answers taken out."""
    mark = "，。、；：（）《》“”"
    new = re.sub(f"(?<=[{HAN}{mark}]) +(?=[{HAN}{mark}\\d])|(?<=\\d) +(?=[{HAN}{mark}])", "", source.sentence)
    return new if new != source.sentence else None


INTERROGATIVE = re.compile("谁|哪|什么|何|多少|几|怎|为什么|如何|吗|多[高大长远]")


def statement(question, answer, rng):
    """A question and its gold answer as a statement: Chinese leaves the asked word in its place."""
    q, a = question.strip().rstrip("？?。/ "), re.sub(f"(?<=[{HAN}\\d]) +(?=[{HAN}])", "", answer.strip().strip("，。、"))
    if len(INTERROGATIVE.findall(q)) != 1 or not 1 <= len(a) <= 16 or re.search("[，。；是为]|谥号", a):
        return None
    year = a if a.endswith("年") else a + "年" if re.fullmatch(r"\d{3,4}", a) else None
    dated = year or (a if re.search(r"\d{4}\s?年", a) else None)
    for asked, put_in, fits in (
            ("哪一年|哪年", year, year), ("什么时候|何时|什么时间", dated, dated and dated[0].isdigit()),
            ("谁", a, len(a) <= 10 and not a.endswith("的")),
            ("什么地方|哪里|哪儿", a, not re.search("^在|方$", a)), ("(?<=是|为)什么$", a, not a.startswith("是"))):
        m = re.search(asked, q)
        if m:
            return put(q, m, put_in) + "。" if fits and not re.search("在.{0,20}的$|，是|到的", q) else None
    return counted(q, a)


def counted(q, a):
    """A question of "how many" with its number, whose unit must not stand twice."""
    m, n = re.search("多少", q), re.match(r"[\d,.]+\s?[万亿]?", a)
    if not m or not n:
        return None
    unit = a[n.end():].strip()
    if unit and not q[m.end():].startswith(unit) and q[m.end():]:
        return None
    return put(q, m, n[0] if q[m.end():] else a) + "。"


REWRITES = {"lead_in": lead_in, "clause_dropped": clause_dropped, "number_form": number_form, "date_form": date_form,
            "surname": surname, "typography": typography, "spacing": spacing}

# --- alterations

DIGITS = re.compile(r"(?<![\w.,:/–~－-])(?<![A-Za-z] )\d[\d,]*(?:\.\d+)?"
                    r"(?![\d/]|[-–~－至]\d|\s*[月日]|\s*世纪|\s*年代|[A-Za-z])")
NUMERAL = re.compile(f"(?<![{NUMERALS}百千万数几\\d])([二三四五六七八九]|两)(?={MEASURE}|年[^代级]|大)")


def number_places(s):
    """Matches of numbers that are no part of a date."""
    return [m for m in DIGITS.finditer(s) if not re.match(r"\s*年", s[m.end():]) or
            (len(m[0]) < 3 and not re.search("[和洪治禄正康平熙隆丰绪庆德]$", s[:m.start()]) and s[m.end():m.end() + 2] != "年代")]


def number(source, rng):
    s, taken = source.sentence, values(source.passage)
    options = []
    for m in number_places(s):
        new = altered_digits(m[0].rstrip(","), taken, rng)
        if new and new not in source.passage:
            options.append(s[:m.start()] + new + s[m.start() + len(m[0].rstrip(",")):])
        scale = re.match(r"\s*([万亿])", s[m.end():])
        if scale and "亿" not in source.passage:
            at = m.end() + scale.start(1)
            options.append(s[:at] + "亿" + s[at + 1:])
    for m in NUMERAL.finditer(s):
        near = [c for c in "三四五六七八九" if c != m[1] and c not in source.passage and str(SMALL[c]) not in taken]
        if near:
            options.append(put(s, m, rng.choice(near), 1))
    return rng.choice(options) if options else None


def number_swapped(source, rng):
    """A number put in another's place, where both stand in the passage: not to be found by looking numbers up."""
    s = source.sentence
    others = sorted({m[0].rstrip(",") for m in number_places(source.passage)})
    options = []
    for m in number_places(s):
        token = m[0].rstrip(",")
        near = [o for o in others if o != token and abs(len(o) - len(token)) <= 1
                and f"{o}%" not in source.passage and ("." in o) == ("." in token)
                and o not in s]
        if near:
            options.append(s[:m.start()] + rng.choice(near) + s[m.start() + len(token):])
    return rng.choice(options) if options else None


def date(source, rng):
    s, taken = source.sentence, values(source.passage)
    options = []
    for m in re.finditer(r"(?<!\d)((?:1\d|20)\d\d)\s*年(?!代)", s):
        near = [str(int(m[1]) + d) for d in (-9, -3, -2, 2, 3, 9, 10, -10)] + [m[1][:2] + m[1][3] + m[1][2]]
        near = [y for y in near if y not in taken and int(y) < 2026]
        options.append(put(s, m, rng.choice(near), 1) if near else None)
    for unit, last in (("月", 12), ("日", 28)):
        for m in re.finditer(r"(?<!\d)(\d{1,2})\s*%s(?!本|内)" % unit, s):
            near = [str(n) for n in range(1, last + 1) if str(n) not in taken]
            options.append(put(s, m, rng.choice(near), 1) if near else None)
    for m in re.finditer(r"(?<!\d)(\d{1,2})\s*世纪", s):
        near = [str(int(m[1]) + d) for d in (-2, -1, 1, 2) if 4 <= int(m[1]) + d <= 20]
        near = [c for c in near if c not in taken]
        options.append(put(s, m, rng.choice(near), 1) if near else None)
    for m in re.finditer(r"(?<!\d)(\d{2}|\d{4})\s*年代", s):
        near = [n for n in (str(int(m[1]) + d) for d in (-20, -10, 10, 20)) if n not in taken and n[-2:] in
                ("20", "30", "40", "50", "60", "70", "80", "90")]
        options.append(put(s, m, rng.choice(near), 1) if near else None)
    options = [o for o in options if o]
    return rng.choice(options) if options else None


def name(source, rng):
    s = source.sentence
    options = []
    for m in NAME.finditer(s):
        dotted = bool(re.search("[·•]", m[0]))
        if re.match("[·•仔娅斯特]" if not dotted else "[·•]", s[m.end():]) or re.search("[·•东南西北中大]$", s[:m.start()]):
            continue
        strange = [n for n, kind in KINDS.items() if kind == KINDS[m[0]] and bool(re.search("[·•]", n)) == dotted
                   and not any(part in source.article_text for part in re.split("[·•]", n))
                   and re.sub("[州省国]$", "", n)[:2] not in source.article_text]
        if strange:
            options.append(s.replace(m[0], rng.choice(strange)))
    for m in re.finditer("《[^《》]{2,14}》", s):
        strange = [t for t in source.titles if t not in source.article_text]
        options.append(s.replace(m[0], rng.choice(strange)))
    return rng.choice(options) if options else None


VERB = "(?=得到|受到|提到|获得|参加|成功|被|发现|建立|改变|接受|进行|完成|征服|阻止|制定|增加|提供|通过|包含|发生|出现|取得|使用|说明)"
REMOVED = (("并没有" + VERB, "确实"), ("没有" + VERB, ""), ("(?<!可能)从未(?!曾)", "曾经"), ("并不是", "正是"), ("并不(?=[意是会能要需想])", "确实"),
           ("(?<![是还])不是", "是"), ("不能(?!再|不)", "能"), ("不会", "会"), ("不可以", "可以"), ("不需要", "需要"), ("无法", "能够"),
           ("不允许", "允许"), ("不再", "仍然"), ("不包括", "包括"), ("不要求", "要求"), ("不属于", "属于"), ("没有任何", "有"),
           ("没有(?=[）。，；]|足够|证据|牙齿|自己的|问题)", "有"), ("未能", "成功地"), ("尚未", "已经"))
INSERTED = ((f"(?<=[{HAN}a-zA-Z）》”])(?<![的乃即])是(?=[一由第中日美英法世香台位东南北西辽最]|DC)", "不是"),
            ("(?<![不并是])位于", "并不位于"), ("(?<![被不是])属于", "不属于"), ("可以(?!说)(?!.*[如若])", "不可以"),
            ("(?<=[年月日人队他她会])获得(?!了|的|者)", "没有获得"), ("(?<![不将])包括", "不包括"),
            ("(?<=[，年日月])被(?=[任列评选命授])", "没有被"), ("(?<=[年月日他她])参加(?!了|者|的)", "没有参加"),
            ("(?<=[年月日队他她])成为(?!了)", "没有成为"), ("分布于|分布在", "并不分布在"), ("(?<!不)原产于", "并不原产于"))
HEDGED = re.compile("[也都就只正还仍若总凡要可便但更即尤][是会能可]|之一是|是否|不仅|除了|如果|如|当时|[“”「」]|^有|^由于|^虽然")


def negation(source, rng):
    s = source.sentence
    found = NEGATION.findall(s)
    if found:
        if len(found) > 1 or re.search("不仅|只有|除|如果|若|须|才|就是|阻碍|是否|而是", s):
            return None
        return next((re.sub(old, new, s, count=1) for old, new in REMOVED if re.search(old, s)), None)
    if HEDGED.search(s):
        return None
    fits = [(m.start(), put(s, m, new)) for old, new in INSERTED for m in [re.search(old, s)] if m
            and not re.search("的", s[m.end():m.end() + 6]) and s.count("，") <= 3]
    return min(fits)[1] if fits else None


ALTERATIONS = {"number": number, "number_swapped": number_swapped, "date": date, "name": name, "negation": negation}


def content(text):
    """The character pairs of a text, for telling two sentences apart."""
    han = re.findall(f"[{HAN}]+|\\d+", text)
    return {run[i:i + 2] for run in han for i in range(max(1, len(run) - 1))}
