"""Rules that restate an English sentence, or alter one fact of it.

Every rule takes a `Source` (see make_sentences.py) and a random generator, and gives the new sentence, or None where it
does not apply. A rule would rather give None than a sentence whose label is in doubt."""

import re

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December"]
MONTH = "(?:" + "|".join(MONTHS) + ")"
WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
         "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
NAMES = {
    "scholar": """Edison|Tesla|Guglielmo Marconi|Marconi|William Tyndale|Lucas Cranach|Luther|William Farel|John Calvin
        |Charles Porter|James Watt|James Dewar|Carl von Linde|William Hampson|Joseph Priestley|Antoine Lavoisier
        |James Hutton|Charles Lyell|Percy Shelley|Mohandas Gandhi|Thoreau|Thomas Piketty|Frederick W. Mote
        |Robert Watson|Bert Bolin|Hoesung Lee|Friedrich Ratzel|Halford Mackinder|Ratzel|Edward Said|John Wesley
        |George Whitefield|Isaac Newton|Newton|Michael Faraday|James Clerk Maxwell|Aristotle|Einstein|Euclid
        |Fred Halliday|Scheele|Lavoisier|Hutton|Euler|Eero Saarinen|Henry Cole|Joseph Shea|Nicholas E. Golovin""",
    "player": """Peyton Manning|John Elway|Josh Norman|Luke Kuechly|Kawann Short|Leon Schiller|Paul Gascoigne
        |Brian Johnson|Dudley Simpson|Tom Baker|Jon Pertwee|Colin Baker|Terry Nation|Trevor Martin|Marlee Matlin
        |Lady Gaga|Catherine Tate|Cam Newton|Jared Allen""",
    "ruler": """Louis XIV|Henry VIII|Francis I|William E. Simon|Nixon|Robert Kintner|Goldenson|Jamukha|Temüjin
        |Genghis Khan|Kublai Khan|Kublai|Ögedei Khan|Satya Nadella|Larry Ellison|Rollo|Robert Guiscard|Barack Obama
        |Jean Ribault|Montcalm|Braddock|Wolfe|Kibaki|Odinga|Thatcher|Reagan|Khomeini|Toghrul""",
    "city": """Paris|London|Edinburgh|Melbourne|Los Angeles|San Diego|Warsaw|Naples|Wittenberg|Clovis|Jacksonville
        |Sydney|Bonn|Bingen|Montreal|Constantinople|Baghdad|Algiers|Salerno|Detroit|Ann Arbor|Newcastle|Oslo|Venice
        |Amsterdam|Boston|Chicago|New York|Houston|Nairobi|Rotterdam|Basel|Cologne|Charleston|Geneva|Vienna|Fresno""",
    "country": """France|England|Italy|Germany|China|Japan|Brazil|Kenya|Iran|Egypt|Syria|Israel|Scotland|Persia|Russia
        |Poland|Spain|Sweden|Switzerland|Somalia|Ethiopia|South Africa|Bolivia|Peru|Colombia|Wales|Ireland|India
        |Afghanistan|Pakistan|Mongolia|Korea|Portugal|Denmark|Norway|Greece|Turkey|Canada|Australia|Hungary""",
    "region": """Virginia|Kentucky|Nova Scotia|Newfoundland|Michigan|Florida|Quebec|Pennsylvania|Sicily|Normandy
        |Victoria|California|Texas|Scotland Yard|Bavaria|Tuscany|Catalonia|Ohio|Illinois""",
    "company": """NBC|CBS|BBC|Microsoft|Oracle Corporation|Goldman Sachs|Qwest|Virgin Media|Setanta Sports|Harrods
        |Digital Equipment Corporation|BSkyB|Tymnet|CompuServe|Paramount|DuMont|Toyota|Ford|Lowry Digital""",
    "team": """New England Patriots|Pittsburgh Steelers|Denver Broncos|Carolina Panthers|Broncos|Panthers|Lakers
        |Clippers""",
    "school": "University of Paris|Oxford University|Harvard|Yale|Stanford University|Durham University|Princeton",
    "institution": """NASA|IPCC|WWF|National Science Foundation|English Heritage|Royal Society|Supreme Court
        |European Commission|Court of Justice|United Nations|World Bank|Federal Reserve|House of Lords""",
    "movement": "Muslim Brotherhood|Hamas|Hezbollah|Taliban|Labor Party|Liberal Party|Conservative Party|Red Guards",
}
YEAR = re.compile(r"(?:\b(?:in|since|from|to|until|by|of|after|before|between|and|early|late|mid|the|around|%s|\d,)[ -]"
                  r"|\()((?:1\d|20)\d\d)(?!\d|,\d|[–-]\d| ?(?:feet|km|miles|m|square|people|guests|RPM)\b)"
                  % MONTH, re.I)
PEOPLE = ("scholar", "player", "ruler")
KINDS = {name.strip(): kind for kind, text in NAMES.items() for name in text.split("|")}
NAME = re.compile("|".join(sorted(map(re.escape, KINDS), key=len, reverse=True)))
NEGATION = re.compile(r"\b(not|no|never|none|nor|neither|without|cannot|nothing|unable|hardly|rarely|few|little|"
                      r"fail\w*)\b|n't\b", re.I)
SUBORDINATE = re.compile(r"\b(which|that|who|whom|whose|where|if|unless|while|although|though|because|when|as|since|"
                         r"but|and|or|to)\b|[\"“”(;:,]", re.I)
ABBREVIATION = re.compile(r"(?:\b(?:Mr|Dr|St|Jr|Sr|Rev|No|v|vs|c|ca|Gen|Inc|Vol|etc|e\.g|i\.e|U\.S|U\.K|Mt|Co|Ltd)|"
                          r"\b[A-Z])\.$")


def sentences(text):
    """The sentences of a passage, each a verbatim slice of it."""
    found, start = [], 0
    for end in re.finditer(r"[.!?][\"”)]?(?=\s+[\"“(]?[A-Z0-9]|\s*$)", text):
        if not ABBREVIATION.search(text[start:end.end()]):
            found.append(text[start:end.end()].strip())
            start = end.end()
    return [s for s in found if usable(s)]


def usable(sentence):
    """Whether a sentence is whole: of a fair length, closed brackets and quotes, no residue of a wiki."""
    return (45 <= len(sentence) <= 330 and sentence[0].isupper() and sentence[-1] == "." and not re.search(
        r"\[|\]|\.:|[a-z]\.[A-Z]|\bsee\b|\. \. \.", sentence)
        and sentence.count("(") == sentence.count(")") and sentence.count('"') % 2 == 0)


def values(text):
    """All numbers that stand in a text, in digits or in words."""
    digits = {t.replace(",", "").rstrip(".") for t in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    return digits | {str(WORDS[w]) for w in re.findall(r"[a-z]+", text.lower()) if w in WORDS}


def put(sentence, match, new, group=0):
    """The sentence with a match's group replaced."""
    return sentence[:match.start(group)] + new + sentence[match.end(group):]


# --- restatements that stay true


def lead_in(source, rng):
    first = source.sentence.split()[0]
    if first not in ("The", "In", "A", "An", "It", "This", "These", "Most", "Some", "During", "After", "There", "By"):
        return None
    opening = rng.choice(["According to the passage, ", "The passage states that ", "As the source explains, "])
    return opening + source.sentence[0].lower() + source.sentence[1:]


def clause_dropped(source, rng):
    s = source.sentence
    bare = re.sub(r" \([^()]*\)", "", s)
    if bare != s:
        return bare
    tail = re.search(r", (?:which|while|although|including|where|whereas|making|especially|particularly)\b[^,]*\.$", s)
    if tail and tail.start() > 45 and not re.match(r"(If|When|While|Although|Unlike|Despite)\b", s):
        return s[:tail.start()] + "."
    head = re.match(r"(?:In|On|During|By|From) [^,]{3,30}, (?=[a-z])", s)
    return s[head.end()].upper() + s[head.end() + 1:] if head and "respectively" not in s else None


def number_form(source, rng):
    s = source.sentence
    forms = []
    for m in re.finditer(r"(?<![\d.,$£])\d{1,3}(?:,\d{3})+(?![\d,])", s):
        forms.append(put(s, m, m[0].replace(",", "")))
    for m in re.finditer(r"(\d)%", s):
        forms.append(put(s, m, m[1] + " percent"))
    for m in re.finditer(r"(\d) percent\b", s):
        forms.append(put(s, m, m[1] + "%"))
    for m in re.finditer(r"(?<![-–\w] )(?<![-–\w])(%s)(?= [a-z]+s\b)" % "|".join(WORDS), s):
        forms.append(put(s, m, str(WORDS[m[0]])))
    words = {str(n): w for w, n in WORDS.items()}
    for m in re.finditer(r"(?<=[a-z] )(?<!article )(\d{1,2})(?= [a-z]{3,}s\b)", s):
        if m[0] in words:
            forms.append(put(s, m, words[m[0]]))
    return rng.choice(forms) if forms else None


def date_form(source, rng):
    s = source.sentence
    m = re.search(r"\b(%s) (\d{1,2})(?:, (\d{4}))?\b(?!\d|,\d|[-–])" % MONTH, s)
    if m:
        return put(s, m, f"{m[2]} {m[1]}" + (f" {m[3]}" if m[3] else ""))
    m = re.search(r"\b(\d{1,2}) (%s)(?: (\d{4}))?\b" % MONTH, s)
    return put(s, m, f"{m[2]} {m[1]}" + (f", {m[3]}" if m[3] else "")) if m else None


def surname(source, rng):
    s = source.sentence
    people = [m for m in NAME.finditer(s) if KINDS[m[0]] in PEOPLE and " " in m[0] and alone(s, m)
              and not re.search(r" [IVX]+$|Khan", m[0])]
    return put(s, people[0], people[0][0].split()[-1]) if people else None


def typography(source, rng):
    s = source.sentence
    plain = s.replace("–", "-").replace("—", " - ").replace("’", "'").replace("“", '"').replace("”", '"')
    curly = re.sub(r'"([^"]*)"', "“\\1”", s).replace("'", "’")
    return next((new for new in (plain, curly) if new != s), None)


def statement(question, answer, rng):
    """A question and its gold answer as a statement, for the patterns that stay grammatical."""
    q, a = question.strip().rstrip("?").strip(), answer.strip().rstrip(".")
    if not 1 <= len(a.split()) <= 8 or q.count("?") or " or " in q:
        return None
    top = a[0].upper() + a[1:]
    m = re.match(r"Who (?:is|was|were) (?:the|a|an) .+", q)
    if m:
        return top + q[3:] + "."
    m = re.match(r"Who (\w+ed|won|wrote|led|made|built|gave|took|sang|ran|held|became|came up|beat|found) .+", q)
    if m:
        return top + q[3:] + "."
    m = re.match(r"(?:When|In (?:what|which) year) (was|were) (.+?) (\w+ed|founded|built|held|made)$", q)
    if m and re.fullmatch(r"\d{4}|%s \d{4}" % MONTH, a):
        return f"{m[2][0].upper()}{m[2][1:]} {m[1]} {m[3]} in {a}."
    m = re.match(r"What (?:is|was) the (name|population|capital|title|nickname|term|average \w+) ((?:of|for) .+)", q)
    if m:
        verb = re.match(r"What (is|was)", q)[1]
        return f"The {m[1]} {m[2]} {verb} {a}."
    m = re.match(r"What percentage of (.+ (?:is|are|was|were|had|have|did|live|lived|voted|comes?) .+)", q)
    if m and re.fullmatch(r"[\d.]+ ?(?:%|percent)", a):
        return f"{a} of {m[1]}."
    m = re.match(r"How many ((?:\w+ ){1,3}?)(are|were|have|had|won|died|live|lived|attended|make) (.+)", q)
    if m and (re.fullmatch(r"[\d,.]+(?: (?:million|thousand))?", a) or a in WORDS):
        return f"{top} {m[1]}{m[2]} {m[3]}."
    return None


REWRITES = {"lead_in": lead_in, "clause_dropped": clause_dropped, "number_form": number_form, "date_form": date_form,
            "surname": surname, "typography": typography}

# --- alterations


def altered_digits(token, taken, rng):
    """A plausible near miss of a number in digits that is not among `taken`, or None."""
    body = token.rstrip("0,") if token.rstrip(",")[-2:] == "00" and "." not in token else token
    places = [i for i, c in enumerate(body) if c.isdigit()]
    tries = []
    for a, b in zip(places, places[1:]):
        if token[a] != token[b] and not (a == 0 and token[b] == "0"):
            swapped = list(token)
            swapped[a], swapped[b] = token[b], token[a]
            tries.append("".join(swapped))
    for i in places:
        for step in (1, 2, 3, -1, -2):
            digit = int(token[i]) + step
            if (1 if i == 0 else 0) <= digit <= 9:
                tries.append(token[:i] + str(digit) + token[i + 1:])
    tries = [t for t in tries if t.replace(",", "") not in taken]
    return rng.choice(tries) if tries else None


def number_places(s):
    """Matches of numbers that are no part of a date, a name or a range of years."""
    digits = [m for m in re.finditer(r"(?<![\w.,:/–\n-])\d[\d,]*(?:\.\d+)?(?![\w/]|[-–]\d)", s)
              if not re.fullmatch(r"1\d{3}|20\d\d", m[0].rstrip(",")) and not re.search(MONTH + r" $", s[:m.start()])
              and not re.match(r"(?:st|nd|rd|th)? ?" + MONTH, s[m.end():])]
    words = [m for m in re.finditer(r"(?<![-\w])(%s)\b(?![-–])(?= [a-z])" % "|".join(WORDS), s)]
    return digits, words


def number(source, rng):
    s, taken = source.sentence, values(source.passage)
    digits, words = number_places(s)
    options = []
    for m in digits:
        token = m[0].rstrip(",")
        new = altered_digits(token, taken, rng)
        if new and new not in source.passage:
            options.append(s[:m.start()] + new + s[m.start() + len(token):])
    for m in words:
        near = [w for w, n in WORDS.items() if str(n) not in taken and w not in source.passage.lower() and w != m[0]
                and abs(n - WORDS[m[0]]) <= max(4, WORDS[m[0]] // 2)]
        if near:
            options.append(put(s, m, rng.choice(near)))
    for old, new in (("million", "billion"), ("billion", "million")):
        m = re.search(r"\d %s\b" % old, s)
        if m and new not in source.passage and rng.random() < 0.5:
            options.append(s[:m.start() + 2] + new + s[m.end():])
    return rng.choice(options) if options else None


def first_place(number, text):
    """The first match of a number that is not part of a longer one."""
    return re.search(r"(?<![\w.,])%s(?![\w,])" % re.escape(number), text)


def percent(text, m):
    """Whether a matched number is a percentage."""
    return bool(m) and bool(re.match(r"\d* ?[%％]", text[m.end():]))


def number_swapped(source, rng):
    """A number put in another's place, where both stand in the passage: not to be found by looking numbers up."""
    s = source.sentence
    options = []
    others = sorted({m[0].rstrip(",") for m in number_places(source.passage)[0]})
    for m in number_places(s)[0]:
        token = m[0].rstrip(",")
        near = [o for o in others if o != token and abs(len(o) - len(token)) <= 1 and ("." in o) == ("." in token)
                and o not in s
                and percent(s, m) == percent(source.passage, first_place(o, source.passage))]
        if near:
            options.append(s[:m.start()] + rng.choice(near) + s[m.start() + len(token):])
    return rng.choice(options) if options else None


def date(source, rng):
    s, taken = source.sentence, values(source.passage)
    options = []
    for m in YEAR.finditer(s):
        near = [str(int(m[1]) + d) for d in (-9, -3, -2, 2, 3, 9, 10, -10)] + [m[1][:2] + m[1][3] + m[1][2]]
        near = [y for y in near if y not in taken and y not in source.passage and int(y) < 2026]
        decade = s[m.end():m.end() + 1] == "s"
        near = [str(int(m[1]) + d) for d in (-20, -10, 10, 20) if str(int(m[1]) + d) not in taken] if decade else near
        if near:
            options.append(put(s, m, rng.choice(near), 1))
    for m in re.finditer(r"\b(%s)(?= \d)|(?<=\d )(%s)\b|(?<=[Ii]n )(%s)\b" % (MONTH, MONTH, MONTH), s):
        options.append(put(s, m, rng.choice([x for x in MONTHS if x not in source.passage])))
    for m in re.finditer(MONTH + r" (\d{1,2})\b(?!\d)|\b(\d{1,2}) " + MONTH, s):
        group = 1 if m[1] else 2
        near = [str(d) for d in range(2, 29) if str(d) not in taken]
        options.append(put(s, m, rng.choice(near), group))
    for m in re.finditer(r"\b(\d{1,2})th(?=[ -]centur)", s):
        near = [str(int(m[1]) + d) for d in (-2, -1, 1, 2) if 4 <= int(m[1]) + d <= 20]
        near = [c for c in near if c + "th" not in source.passage]
        if near:
            options.append(put(s, m, rng.choice(near), 1))
    return rng.choice(options) if options else None


def alone(s, m):
    """Whether a matched name is not part of a longer one."""
    before, after = s[:m.start()], s[m.end():]
    return not (re.search(r"[\w-]$|(?<!^)\b[A-Z][\w.]* $", before)
                or re.match(r"[\w-]| [A-Z]| (?:of|and) [A-Z]", after))


def name(source, rng):
    s = source.sentence
    options = []
    for m in NAME.finditer(s):
        if m.start() == 0 or not alone(s, m):
            continue
        strange = [n for n, kind in KINDS.items() if kind == KINDS[m[0]] and not any(
            part in source.article_text for part in n.split() if len(part) > 3 or part.isupper())
            and (" " in n) == (" " in m[0])]
        if strange:
            options.append(re.sub(r"\b%s\b" % re.escape(m[0]), rng.choice(strange), s))
    return rng.choice(options) if options else None


BASE = {"died": "die", "won": "win", "published": "publish", "became": "become", "began": "begin",
        "received": "receive", "led": "lead", "included": "include",
        "replaced": "replace", "rejected": "reject", "accepted": "accept",
        "opened": "open", "remained": "remain", "allowed": "allow", "supported": "support", "named": "name",
        "defeated": "defeat", "announced": "announce", "founded": "found", "built": "build", "agreed": "agree",
        "moved": "move", "lived": "live", "served": "serve", "formed": "form", "gained": "gain", "used": "use",
        "signed": "sign", "ended": "end", "refused": "refuse", "continued": "continue", "declined": "decline"}


def negation(source, rng):
    s = source.sentence
    return removed(s) if NEGATION.search(s) else inserted(s)


def removed(s):
    """The sentence without its only negation."""
    if len(NEGATION.findall(s)) != 1 or re.search(r"\bnot (?:and|or)\b|\bthan\b", s):
        return None
    for old, new in ((r"\b(was|were|is|are|could|would|should|must) not "
                      r"(?!only|just|until|all|necessarily|yet|even|to )", r"\1 "),
                     (r"\b(had|has|have) not (?=been)", r"\1 "), (r"\bcannot (?!only)", "can "),
                     (r"\b(do|does|did) not (?!only|necessarily)", r"\1 "), (r"\b(did|does|do)n't ", r"\1 "),
                     (r"\b(was|were|is|are)n't ", r"\1 "), (r"\bno longer ", "still "), (r"\bunable to", "able to"),
                     (r"\bis never ", "is always ")):
        if re.search(old, s):
            return re.sub(old, new, s, count=1)
    return None


def inserted(s):
    """The sentence with its main verb negated, where the main verb is certain to be the first one found."""
    all_or_none = re.match(r"(All|Most|Many) (?=(?:of )?[a-z]+)", s)
    if all_or_none and not re.search(r"\bof\b", s[:12]):
        return "No " + s[all_or_none.end():]
    if re.match(r"(Any|Each|Every|Much|Some|Many|Several|Often|There|In some|In many|In particular|No|This is|"
                r"For example|Other|Others|A few|It has been)\b", s):
        return None
    m = re.search(r"\b(was|were|is|are|can|could|will|would|must|has been|had been|have been)\b "
                  r"(?!often|also|still|even|only|just|first|probably|usually|generally|then|later|not|about|both|most|"
                  r"either|some|so|for years|very|estimated|known|thought|believed|considered|said|expected|regarded|"
                  r"now|sometimes|typically|primarily|mainly|largely|especially|the most|among|to\b)", s)
    plain = re.search(r"\b(%s)\b (?!by\b|to be\b)" % "|".join(BASE), s)
    first = min((x for x in (m, plain) if x), key=lambda x: x.start(), default=None)
    if first is None or SUBORDINATE.search(re.sub(r"^(?:In|On|By|During) [^,]{3,40}, ", "", s[:first.start()])):
        return None
    if re.search(r"ly $", s[:first.start()]):
        return None
    if first is plain:
        return put(s, plain, "did not " + BASE[plain[1]], 1)
    verb = m[1].split()
    new = "cannot" if verb == ["can"] else " ".join([verb[0], "not", *verb[1:]])
    return put(s, m, new, 1)


ALTERATIONS = {"number": number, "number_swapped": number_swapped, "date": date, "name": name, "negation": negation}


def content(text):
    """The words of a text that carry meaning, for telling two sentences apart."""
    return {w for w in re.findall(r"[a-z0-9]+", text.lower()) if len(w) > 3 or w.isdigit()}
