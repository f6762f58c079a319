//! Arrays: NumPy's format and safetensors. Both say first how many rows there are, so rows wait in a spool until all are there.

use qiao::model::{Encoded, EncodedTokens, EncoderId, Receipt, int8, l2_normalize, ubinary};
use serde_json::{Map, Value, json};

use super::Writer;
use super::sink::{Sink, Spool};
use crate::args::Written;

/// Rows of numbers.
struct Rows {
    spool: Spool,
    precision: Written,
    /// Bytes or floats in a row
    columns: usize,
    count: usize,
}

impl Rows {
    /// Rows that come of vectors of `dimension`.
    fn new(sink: &Sink<'_>, precision: Written, dimension: usize) -> anyhow::Result<Self> {
        let columns = if precision == Written::Ubinary { dimension.div_ceil(8) } else { dimension };
        Ok(Self { spool: sink.spool()?, precision, columns, count: 0 })
    }

    /// Writes a row; returns what a step is worth where bytes stand for floats.
    fn push(&mut self, vector: &[f32]) -> anyhow::Result<Option<f32>> {
        self.count += 1;
        let (bytes, scale): (Vec<u8>, _) = match self.precision {
            Written::F32 => (vector.iter().flat_map(|v| v.to_le_bytes()).collect(), None),
            Written::Int8 => {
                let rounded = int8(vector);
                (rounded.values.iter().map(|v| v.cast_unsigned()).collect(), Some(rounded.scale))
            }
            Written::Ubinary => (ubinary(vector), None),
        };
        self.spool.write(&bytes)?;
        Ok(scale)
    }

    fn tensor(&self) -> Tensor {
        let (dtype, size) = match self.precision {
            Written::F32 => ("F32", 4),
            Written::Int8 => ("I8", 1),
            Written::Ubinary => ("U8", 1),
        };
        let bytes = self.count * self.columns * size;
        Tensor { name: "embeddings", dtype, shape: vec![self.count, self.columns], bytes }
    }
}

/// NumPy's format, version 1.0: `[texts, columns]` in C order.
pub(super) struct Npy<'a> {
    sink: Sink<'a>,
    rows: Rows,
}

impl<'a> Npy<'a> {
    pub(super) fn new(sink: Sink<'a>, precision: Written, dimension: usize) -> anyhow::Result<Self> {
        let rows = Rows::new(&sink, precision, dimension)?;
        Ok(Self { sink, rows })
    }
}

impl Writer<Encoded> for Npy<'_> {
    fn write(&mut self, encoded: &[Encoded]) -> anyhow::Result<()> {
        encoded.iter().try_for_each(|one| self.rows.push(&one.vector).map(|_| ()))
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.sink.write(&npy_header(self.rows.precision, self.rows.count, self.rows.columns))?;
        self.rows.spool.pour(&mut self.sink)?;
        self.sink.finish()
    }
}

fn npy_header(precision: Written, rows: usize, columns: usize) -> Vec<u8> {
    let numbers = match precision {
        Written::F32 => "<f4",
        Written::Int8 => "|i1",
        Written::Ubinary => "|u1",
    };
    let fields = format!("{{'descr': '{numbers}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // magic, version and length take ten bytes; the data begins at a multiple of 64
    let padding = (64 - (10 + fields.len() + 1) % 64) % 64;
    let text = format!("{fields}{}\n", " ".repeat(padding));
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(text.len() as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}

/// An entry of a safetensors header.
struct Tensor {
    name: &'static str,
    dtype: &'static str,
    shape: Vec<usize>,
    bytes: usize,
}

/// Whole numbers, one or a few for each text or token.
struct Column {
    spool: Spool,
    tensor: Tensor,
}

impl Column {
    fn new(sink: &Sink<'_>, name: &'static str, dtype: &'static str) -> anyhow::Result<Self> {
        Ok(Self { spool: sink.spool()?, tensor: Tensor { name, dtype, shape: vec![0], bytes: 0 } })
    }

    fn push(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.tensor.shape[0] += 1;
        self.tensor.bytes += bytes.len();
        self.spool.write(bytes)
    }

    fn whole(&mut self, number: usize) -> anyhow::Result<()> {
        self.push(&(number as i64).to_le_bytes())
    }
}

/// What became of the tokens of each text.
struct Receipts([Column; 3]);

impl Receipts {
    fn new(sink: &Sink<'_>) -> anyhow::Result<Self> {
        let [tokens, dropped, unknown] = ["tokens", "dropped", "unknown"].map(|name| Column::new(sink, name, "I64"));
        Ok(Self([tokens?, dropped?, unknown?]))
    }

    fn push(&mut self, receipt: Receipt) -> anyhow::Result<()> {
        let numbers = [receipt.tokens, receipt.dropped, receipt.unknown];
        self.0.iter_mut().zip(numbers).try_for_each(|(column, number)| column.whole(number))
    }
}

/// Writes a safetensors file of `columns` and then `rows`; the widest numbers come first, so that all lie aligned.
fn safetensors(mut sink: Sink<'_>, columns: Vec<Column>, rows: Rows, encoder: &EncoderId) -> anyhow::Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt", "encoder": serde_json::to_string(encoder)?}));
    let mut start = 0;
    let last = rows.tensor();
    for tensor in columns.iter().map(|column| &column.tensor).chain([&last]) {
        let offsets = [start, start + tensor.bytes];
        header
            .insert(tensor.name.into(), json!({"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}));
        start += tensor.bytes;
    }
    let mut text = serde_json::to_vec(&Value::Object(header))?;
    text.resize(text.len().next_multiple_of(8), b' ');
    sink.write(&(text.len() as u64).to_le_bytes())?;
    sink.write(&text)?;
    for column in columns {
        column.spool.pour(&mut sink)?;
    }
    rows.spool.pour(&mut sink)?;
    sink.finish()
}

/// safetensors: `embeddings` `[texts, columns]`; `tokens`, `dropped`, `unknown` `[texts]`; for signed bytes `scales` `[texts]`.
pub(super) struct VectorTensors<'a> {
    sink: Sink<'a>,
    rows: Rows,
    receipts: Receipts,
    scales: Column,
    encoder: EncoderId,
}

impl<'a> VectorTensors<'a> {
    pub(super) fn new(sink: Sink<'a>, precision: Written, encoder: &EncoderId) -> anyhow::Result<Self> {
        let rows = Rows::new(&sink, precision, encoder.dimension)?;
        let (receipts, scales) = (Receipts::new(&sink)?, Column::new(&sink, "scales", "F32")?);
        Ok(Self { rows, receipts, scales, encoder: encoder.clone(), sink })
    }
}

impl Writer<Encoded> for VectorTensors<'_> {
    fn write(&mut self, encoded: &[Encoded]) -> anyhow::Result<()> {
        for one in encoded {
            if let Some(scale) = self.rows.push(&one.vector)? {
                self.scales.push(&scale.to_le_bytes())?;
            }
            self.receipts.push(one.receipt)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let mut columns = Vec::from(self.receipts.0);
        if self.rows.precision == Written::Int8 {
            columns.push(self.scales);
        }
        safetensors(self.sink, columns, self.rows, &self.encoder)
    }
}

/// safetensors of token vectors: `embeddings` `[tokens of all texts, width]`, `ids` of them, `starts` and `ends` of the bytes
/// for which each stands in its text (-1 for special tokens and the prompt's); `offsets` `[texts + 1]`, the row at which each
/// text begins; the receipts as for vectors.
pub(super) struct TokenTensors<'a> {
    sink: Sink<'a>,
    rows: Rows,
    receipts: Receipts,
    offsets: Column,
    ids: Column,
    starts: Column,
    ends: Column,
    normalize: bool,
    encoder: EncoderId,
}

impl<'a> TokenTensors<'a> {
    pub(super) fn new(sink: Sink<'a>, normalize: bool, encoder: &EncoderId) -> anyhow::Result<Self> {
        let column = |name| Column::new(&sink, name, "I64");
        let (mut offsets, ids, starts, ends) = (column("offsets")?, column("ids")?, column("starts")?, column("ends")?);
        offsets.whole(0)?;
        let (rows, receipts) = (Rows::new(&sink, Written::F32, 0)?, Receipts::new(&sink)?);
        Ok(Self { rows, receipts, offsets, ids, starts, ends, normalize, encoder: encoder.clone(), sink })
    }
}

impl Writer<EncodedTokens> for TokenTensors<'_> {
    fn write(&mut self, encoded: &[EncodedTokens]) -> anyhow::Result<()> {
        for one in encoded {
            for window in &one.windows {
                self.rows.columns = window.width;
                for (id, span) in window.ids.iter().zip(&window.spans) {
                    self.ids.whole(*id as usize)?;
                    let end = |side: Option<usize>| side.map_or(-1, |at| at as i64).to_le_bytes();
                    self.starts.push(&end(span.map(|span| span.0)))?;
                    self.ends.push(&end(span.map(|span| span.1)))?;
                }
                for vector in window.vectors.chunks_exact(window.width) {
                    let mut vector = vector.to_vec();
                    if self.normalize {
                        l2_normalize(&mut vector);
                    }
                    self.rows.push(&vector)?;
                }
            }
            self.offsets.whole(self.rows.count)?;
            self.receipts.push(one.receipt)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let mut columns = Vec::from(self.receipts.0);
        columns.extend([self.offsets, self.ids, self.starts, self.ends]);
        safetensors(self.sink, columns, self.rows, &self.encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npy_data_begins_at_a_multiple_of_64() {
        for rows in [0, 1, 10, 12_345_678] {
            let header = npy_header(Written::F32, rows, 384);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
        }
    }
}
