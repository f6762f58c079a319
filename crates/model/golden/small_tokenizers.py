"""Tokenizers of a few hundred tokens, each as its family has it. Those that have no bytes to fall back on know neither
upper case nor most signs, so that texts have unknown tokens."""
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertTokenizer,
    CamembertTokenizer,
    MPNetTokenizer,
    Qwen2Tokenizer,
    RobertaTokenizer,
    TokenizersBackend,
    XLMRobertaTokenizer,
)

WORDS = "the of and is with bridge river bank city water under over two one north stone small wall mill gate".split()
ENDINGS = "s ing ed er ge nk".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
SIGNS = ".,-!/&<>[]_|"
CHINESE = "桥是一座梁河水中文城市字连接符号"


def numbered(tokens):
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def pieces(special):
    """A vocabulary of WordPiece that begins with `special`."""
    inside = [f"##{c}" for c in LETTERS + DIGITS] + [f"##{ending}" for ending in ENDINGS]
    return numbered([*special, *SIGNS, *DIGITS, *LETTERS, *inside, *WORDS, *CHINESE])


def bert(lower=True, **settings):
    vocabulary = pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return BertTokenizer(vocab=vocabulary, do_lower_case=lower, **settings)


def normalizer(**settings):
    """BERT's normalizer as tokenizer.json has it."""
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, **settings}


def mpnet(**settings):
    return MPNetTokenizer(vocab=pieces(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]), **settings)


def byte_pairs(special):
    """Vocabulary and merges over all bytes: words are put together from the left."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens, merges = [*special, *alphabet], []
    for text in [*(f" {word}" for word in WORDS), *WORDS[:7], *CHINESE[:6], "ing", "\n\n"]:
        for word, _ in cut.pre_tokenize_str(text):
            for i in range(1, len(word)):
                if word[: i + 1] not in tokens:
                    tokens.append(word[: i + 1])
                    merges.append((word[:i], word[i]))
    return numbered(tokens), merges


def roberta(**settings):
    vocabulary, merges = byte_pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return RobertaTokenizer(vocab=vocabulary, merges=merges, **settings)


def modernbert(**settings):
    named = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")}
    vocabulary, merges = byte_pairs(named.values())
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = framed("[CLS] $A [SEP]", vocabulary)
    inner.add_special_tokens([AddedToken(token, lstrip=token == "[MASK]") for token in named.values()])
    return TokenizersBackend(tokenizer_object=inner, **named, **settings)


def qwen3(**settings):
    """As that of Qwen3-Embedding, which ends a text with the token that it also pads with."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary, merges = byte_pairs([])
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        unk_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=special,
        padding_side="left",
        **settings,
    )
    ends = framed("$A <|endoftext|>", {token: tokenizer.convert_tokens_to_ids(token) for token in special})
    bytes_only = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.backend_tokenizer.post_processor = processors.Sequence([bytes_only, ends])
    return tokenizer


OF_UNIGRAM = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def likely_pieces():
    """A vocabulary of Unigram: tokens and their logarithmic likelihoods."""
    words = [*(f"▁{word}" for word in WORDS), *WORDS[:4], *ENDINGS, "桥梁", "▁中文"]
    # longer pieces are likelier than their letters, each by another amount, so that one division is the best
    pieces = enumerate(dict.fromkeys(["▁", *words, *LETTERS, *DIGITS, *SIGNS, *CHINESE]))
    scored = [(piece, -9.0 + 1.5 * len(piece) - 0.013 * i) for i, piece in pieces]
    return [(token, 0.0) for token in OF_UNIGRAM.values()] + scored + [("<mask>", 0.0)]


def unigram(**settings):
    """As that of XLM-RoBERTa, but with NFKC in place of SentencePiece's table, which is larger than the whole model."""
    vocabulary = likely_pieces()
    inner = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    inner.normalizer = normalizers.NFKC()
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    inner.decoder = decoders.Metaspace()
    inner.post_processor = framed("<s> $A </s>", {token: i for i, (token, _) in enumerate(vocabulary)})
    inner.add_special_tokens([AddedToken(t, lstrip=t == "<mask>") for t in [*OF_UNIGRAM.values(), "<mask>"]])
    more = {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    return TokenizersBackend(tokenizer_object=inner, **OF_UNIGRAM, **more, **settings)


def camembert(**settings):
    """The same pieces in CamemBERT's own class, which normalises nothing where it has no table of SentencePiece's."""
    return CamembertTokenizer(vocab=likely_pieces(), additional_special_tokens=[], **settings)


def xlm_roberta(**settings):
    """The same pieces in XLM-RoBERTa's own class, which knows how to put two texts together."""
    return XLMRobertaTokenizer(vocab=likely_pieces(), **settings)


def framed(template, ids):
    """A post-processor that puts a text into `template`."""
    special = [(token, ids[token]) for token in template.split() if token != "$A"]
    return processors.TemplateProcessing(single=template, special_tokens=special)
