//! An object a line.

use qiao::model::{Encoded, EncodedTokens, Receipt, TokenWindow, int8, l2_normalize, ubinary};
use serde::Serialize;

use super::Writer;
use super::sink::Sink;
use crate::args::Written;

/// A vector a line.
pub(super) struct VectorLines<'a> {
    sink: Sink<'a>,
    precision: Written,
}

/// The token vectors of a text a line.
pub(super) struct TokenLines<'a> {
    sink: Sink<'a>,
    normalize: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    embedding: Numbers<'a>,
    /// What one step of a signed byte is worth
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<f32>,
    #[serde(flatten)]
    receipt: Receipt,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    F32(&'a [f32]),
    Int8(Vec<i8>),
    Ubinary(Vec<u8>),
}

#[derive(Serialize)]
struct TokenLine<'a> {
    windows: Vec<WindowView<'a>>,
    #[serde(flatten)]
    receipt: Receipt,
}

#[derive(Serialize)]
struct WindowView<'a> {
    ids: &'a [u32],
    pieces: &'a [String],
    spans: &'a [Option<(usize, usize)>],
    embeddings: Vec<Vec<f32>>,
}

impl<'a> VectorLines<'a> {
    pub(super) fn new(sink: Sink<'a>, precision: Written) -> Self {
        Self { sink, precision }
    }
}

impl<'a> TokenLines<'a> {
    pub(super) fn new(sink: Sink<'a>, normalize: bool) -> Self {
        Self { sink, normalize }
    }

    fn window<'w>(&self, window: &'w TokenWindow) -> WindowView<'w> {
        let mut embeddings: Vec<Vec<f32>> = window.vectors.chunks_exact(window.width).map(<[f32]>::to_vec).collect();
        if self.normalize {
            embeddings.iter_mut().for_each(|vector| l2_normalize(vector));
        }
        WindowView { ids: &window.ids, pieces: &window.tokens, spans: &window.spans, embeddings }
    }
}

impl Writer<Encoded> for VectorLines<'_> {
    fn write(&mut self, encoded: &[Encoded]) -> anyhow::Result<()> {
        for one in encoded {
            let (embedding, scale) = match self.precision {
                Written::F32 => (Numbers::F32(&one.vector), None),
                Written::Int8 => {
                    let rounded = int8(&one.vector);
                    (Numbers::Int8(rounded.values), Some(rounded.scale))
                }
                Written::Ubinary => (Numbers::Ubinary(ubinary(&one.vector)), None),
            };
            self.sink.write(&line(&Line { embedding, scale, receipt: one.receipt })?)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.sink.finish()
    }
}

impl Writer<EncodedTokens> for TokenLines<'_> {
    fn write(&mut self, encoded: &[EncodedTokens]) -> anyhow::Result<()> {
        for one in encoded {
            let windows = one.windows.iter().map(|window| self.window(window)).collect();
            self.sink.write(&line(&TokenLine { windows, receipt: one.receipt })?)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.sink.finish()
    }
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
