//! `qiao embed`: texts into vectors, as they come, in memory that does not grow with their number.

mod arrays;
mod jsonl;
mod sink;
mod texts;

use std::process::ExitCode;

use qiao::embed::ModelEncoder;
use qiao::model::{self, Adjustment, EncodeError};
use qiao::seams::Encoder;
use qiao::{Error, Kind};

use self::arrays::{Npy, TokenTensors, VectorTensors};
use self::jsonl::{TokenLines, VectorLines};
use self::sink::Sink;
use self::texts::{Batch, Text, Texts};
use crate::args::{Embed, Format, Long, Role, Written};
use crate::out::{EmbedProgress, Printer};
use crate::settings::Settings;

/// Texts encoded at once at most, and bytes of theirs unless one alone has more: a few seconds of work, so that a person sees
/// it go on, and enough to keep all threads busy.
const BATCH: Batch = Batch { texts: 256, bytes: 32 << 10 };
/// As many where every token's vector is kept: some three kilobytes for each byte of text.
const TOKEN_BATCH: Batch = Batch { texts: 16, bytes: 32 << 10 };
/// Bytes of one text, a long book: a tokenizer takes a hundred times as much memory.
const LONGEST: usize = 4 << 20;
/// As many where every token's vector is kept.
const LONGEST_TOKENS: usize = 128 << 10;

/// Where encoded texts go.
trait Writer<T> {
    fn write(&mut self, encoded: &[T]) -> anyhow::Result<()>;

    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

pub(crate) fn run(verb: &Embed, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    check(verb)?;
    let (batch, longest) = if verb.tokens { (TOKEN_BATCH, LONGEST_TOKENS) } else { (BATCH, LONGEST) };
    let mut texts = Texts::open(&verb.texts, &verb.files, longest)?;
    let how = Adjustment { prompt: verb.prompt.clone(), dimension: verb.dim, normalize: verb.normalize };
    let encoder = settings.model(None, printer)?.adjusted(&how);
    let encoder = encoder.map_err(|e| Error::new(Kind::Usage, "cannot use the model so", e))?;
    let sink = Sink::open(verb.output.as_deref(), printer)?;
    let mut progress = EmbedProgress::new(printer, texts.total());
    let mut next = || {
        progress.show(texts.read(), texts.given());
        texts.batch(batch)
    };
    let (role, long) = (role(verb.role), long(verb.long));
    match verb.tokens {
        false => {
            let writer = vector_writer(verb, &encoder, sink)?;
            stream(&mut next, |texts| encoder.encode(role, texts, long), writer)?;
        }
        true => {
            let writer = token_writer(verb, &encoder, sink)?;
            stream(&mut next, |texts| encoder.encode_tokens(role, texts, long), writer)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses what no reader could make sense of.
fn check(verb: &Embed) -> Result<(), Error> {
    let wrong = |what: &'static str| Err(Error::new(Kind::Usage, "cannot embed so", what));
    match verb {
        Embed { tokens: true, format: Format::Npy, .. } => {
            wrong("an array of NumPy cannot say which token is which text's; use --format jsonl or safetensors")
        }
        Embed { tokens: true, precision: Written::Int8 | Written::Ubinary, .. } => {
            wrong("token vectors are written in float32; leave --precision out")
        }
        _ => Ok(()),
    }
}

fn vector_writer<'a>(
    verb: &Embed,
    encoder: &ModelEncoder,
    sink: Sink<'a>,
) -> anyhow::Result<Box<dyn Writer<model::Encoded> + 'a>> {
    let id = encoder.id();
    Ok(match verb.format {
        Format::Jsonl => Box::new(VectorLines::new(sink, verb.precision)),
        Format::Npy => Box::new(Npy::new(sink, verb.precision, id.dimension)?),
        Format::Safetensors => Box::new(VectorTensors::new(sink, verb.precision, &id)?),
    })
}

fn token_writer<'a>(
    verb: &Embed,
    encoder: &ModelEncoder,
    sink: Sink<'a>,
) -> anyhow::Result<Box<dyn Writer<model::EncodedTokens> + 'a>> {
    Ok(match verb.format {
        Format::Safetensors => Box::new(TokenTensors::new(sink, verb.normalize, &encoder.id())?),
        Format::Jsonl | Format::Npy => Box::new(TokenLines::new(sink, verb.normalize)),
    })
}

/// Encodes batch after batch and writes what comes out.
fn stream<T>(
    next: &mut dyn FnMut() -> Result<Vec<Text>, Error>,
    encode: impl Fn(&[&str]) -> Result<Vec<T>, EncodeError>,
    mut writer: Box<dyn Writer<T> + '_>,
) -> anyhow::Result<()> {
    loop {
        let batch = next()?;
        if batch.is_empty() {
            return writer.finish();
        }
        let texts: Vec<&str> = batch.iter().map(|text| text.text.as_str()).collect();
        let encoded = encode(&texts).map_err(|error| blame(error, &batch, &|text| encode(&[text]).err()))?;
        writer.write(&encoded)?;
    }
}

/// Says which text of the batch it was, by encoding each alone.
fn blame(error: EncodeError, batch: &[Text], alone: &dyn Fn(&str) -> Option<EncodeError>) -> Error {
    let guilty = batch.iter().find_map(|text| alone(&text.text).map(|error| (text, error)));
    match guilty {
        Some((text, error)) => Error::from(error).while_doing(format!("cannot encode {}", text.place)),
        None => error.into(),
    }
}

pub(crate) fn role(role: Role) -> model::Role {
    match role {
        Role::Query => model::Role::Query,
        Role::Passage => model::Role::Passage,
    }
}

fn long(long: Long) -> model::Long {
    match long {
        Long::Window => model::Long::Window,
        Long::Truncate => model::Long::Truncate,
        Long::Error => model::Long::Error,
    }
}
