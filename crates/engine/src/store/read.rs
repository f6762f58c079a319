//! The reading half: one read transaction, so that everything read through it is of one moment.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use qiao_model::ivf::{self, Asked, Effort, IvfError};
use qiao_model::{EncoderId, Scored, TopK, dot};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::derived::{CONSTANTS, Range, Vectors, View, joined, searchable, within};
use super::postings::{Search, Segment, Selection, Term};
use super::rows::{self, numbers, receipt, space, span};
use super::sqlite::SqliteStore;
use super::whereabouts;
use crate::error::StoreError;
use crate::language::{Phrase, Words};
use crate::seams::{Filter, FoundChunk, Lexical, Snapshot, Staged};
use crate::types::{
    Chunk, ChunkId, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Labels, LedgerEntry, Locator, Media,
    Piece, Span, Unread,
};

/// A search for so large a part of all chunks compares all.
const SCANNED: usize = 16;

/// A chunk's vector.
const VECTOR_OF: &str = "SELECT numbers FROM chunk JOIN vector ON vector.id = chunk.vector WHERE chunk.id = ?1";

/// Why an index gave no answer.
enum NotFound {
    Store(StoreError),
    Index,
}

impl From<StoreError> for NotFound {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<IvfError> for NotFound {
    fn from(_: IvfError) -> Self {
        Self::Index
    }
}

pub(super) struct SqliteSnapshot<'a> {
    store: &'a SqliteStore,
    transaction: Transaction<'a>,
    view: OnceCell<View>,
}

impl<'a> SqliteSnapshot<'a> {
    pub(super) fn new(store: &'a SqliteStore) -> Result<Self, StoreError> {
        let transaction = store.connection.unchecked_transaction().map_err(|e| store.reading(e))?;
        Ok(Self { store, transaction, view: OnceCell::new() })
    }

    fn read<T>(&self, result: Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        result.map_err(|e| self.store.reading(e))
    }

    /// What an index has, and what came after it.
    fn look_up(
        &self,
        vectors: &Vectors<'_>,
        query: &[f32],
        k: usize,
        allowed: Option<&[Range]>,
    ) -> Result<Vec<Scored<ChunkId>>, NotFound> {
        let mut find = self.read(self.transaction.prepare_cached(VECTOR_OF))?;
        let mut vector = Vec::with_capacity(query.len());
        let mut exact = |id: i64| -> Result<Option<f32>, NotFound> {
            let found = self.read(find.query_row([id], |row| numbers(row, 0, &mut vector)).optional())?;
            Ok(found.filter(|()| vector.len() == query.len()).map(|()| dot(query, &vector)))
        };
        let selection = ivf::Selection { only: allowed, gone: vectors.gone };
        let asked = Asked { k, effort: Effort::usual(vectors.index.len(), k), selection };
        let found = vectors.index.search(query, &asked, &mut exact)?;
        let mut best = TopK::new(k);
        let late = vectors.through.saturating_add(1)..=i64::MAX;
        let late = match allowed {
            None => vec![late],
            Some(allowed) => within(allowed, &late),
        };
        let late = self.read(self.scan(query, k, Some(&late)))?;
        found.best.iter().for_each(|scored| best.push(ChunkId(scored.key), scored.score));
        late.iter().for_each(|scored| best.push(scored.key, scored.score));
        Ok(best.into_sorted())
    }

    /// All vectors compared: every chunk's, or those of some ranges of chunks.
    fn scan(&self, query: &[f32], k: usize, only: Option<&[Range]>) -> Result<Vec<Scored<ChunkId>>, rusqlite::Error> {
        let mut best = TopK::new(k);
        let mut vector = Vec::with_capacity(query.len());
        let mut score = |row: &Row<'_>| {
            numbers(row, 1, &mut vector)?;
            match vector.len() == query.len() {
                true => Ok(dot(query, &vector)),
                false => Err(rusqlite::Error::InvalidColumnType(1, "numbers".into(), rusqlite::types::Type::Blob)),
            }
        };
        let Some(only) = only else {
            // in the order of the vectors, each read once however many chunks share it
            let mut all = self.transaction.prepare_cached("SELECT id, numbers FROM vector")?;
            let mut users = self.transaction.prepare_cached("SELECT id FROM chunk WHERE vector = ?1")?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let score = score(row)?;
                // what only waits for its document has none, and would keep others out
                if best.admits(score) {
                    let mut using = users.query([row.get::<_, i64>(0)?])?;
                    while let Some(user) = using.next()? {
                        best.push(ChunkId(user.get(0)?), score);
                    }
                }
            }
            return Ok(best.into_sorted());
        };
        let sql = "SELECT chunk.id, vector.numbers FROM chunk JOIN vector ON vector.id = chunk.vector
                   WHERE chunk.id BETWEEN ?1 AND ?2";
        let mut some = self.transaction.prepare_cached(sql)?;
        for range in only {
            let mut rows = some.query([range.start(), range.end()])?;
            while let Some(row) = rows.next()? {
                best.push(ChunkId(row.get(0)?), score(row)?);
            }
        }
        Ok(best.into_sorted())
    }

    /// The chunks that a filter lets through, as sorted ranges; `None` where it lets all through.
    fn allowed(&self, filter: &Filter) -> Result<Option<Vec<Range>>, rusqlite::Error> {
        let Filter::Documents(ids) = filter else { return Ok(None) };
        // the chunks of a content have numbers that follow one another: they were put in at once
        let sql = "SELECT (SELECT min(id) FROM chunk WHERE content = document.content),
                          (SELECT max(id) FROM chunk WHERE content = document.content)
                   FROM document WHERE id = ?1";
        let mut find = self.transaction.prepare_cached(sql)?;
        let mut ranges = Vec::with_capacity(ids.len());
        for id in ids {
            let ends = find.query_row([id.0], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?))).optional()?;
            ranges.extend(ends.flatten().map(|(first, last)| first..=last));
        }
        ranges.sort_by_key(|range| *range.start());
        Ok(Some(joined(ranges)))
    }

    fn embedding_of(&self, encoder: &Arc<EncoderId>, id: ChunkId) -> Result<Option<Embedding>, rusqlite::Error> {
        let mut vector = Vec::with_capacity(encoder.dimension);
        self.transaction.prepare_cached(VECTOR_OF)?.query_row([id.0], |row| numbers(row, 0, &mut vector))?;
        Ok(Embedding::new(encoder.clone(), vector).ok())
    }

    fn chunk(&self, id: ChunkId, filter: &Filter) -> Result<FoundChunk, rusqlite::Error> {
        let sql = "SELECT content, start, end, tokens, heading_path FROM chunk WHERE id = ?1";
        let (content, piece) = self.transaction.prepare_cached(sql)?.query_row([id.0], |row| {
            let heading_path = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
            let piece = Piece { span: span(row, 1)?, heading_path, tokens: row.get::<_, i64>(3)? as usize };
            Ok((row.get::<_, i64>(0)?, piece))
        })?;
        let sql = "SELECT id, origin FROM document WHERE content = ?1 ORDER BY id";
        let mut holders = self.transaction.prepare_cached(sql)?;
        let all = holders.query_map([content], |row| Ok((DocumentId(row.get(0)?), row.get::<_, String>(1)?)))?;
        let all: Vec<(DocumentId, String)> = all.collect::<Result<_, _>>()?;
        let mut passing = all.into_iter().filter(|(id, _)| filter.passes(*id));
        let (document, origin) = passing.next().ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let also = passing.map(|(_, origin)| origin).collect();
        let locator = Locator::of(piece.span, &rows::anchors(&self.transaction, content, piece.span)?);
        let text = rows::text(&self.transaction, content, piece.span)?;
        Ok(FoundChunk { chunk: Chunk { id, document, piece }, origin, also, text, locator })
    }

    /// What stands beside the file, as far as it is of this moment.
    fn view(&self) -> Result<&View, StoreError> {
        match self.view.get() {
            Some(view) => Ok(view),
            None => {
                let view = self.read(self.store.derived.view(&self.transaction))?;
                Ok(self.view.get_or_init(|| view))
            }
        }
    }

    fn staged(&self, id: DocumentId) -> Result<Option<Vec<(Piece, Staged)>>, rusqlite::Error> {
        let Some((_, encoder)) = space(&self.transaction)? else { return Ok(None) };
        let encoder = Arc::new(encoder);
        let sql = "SELECT start, end, chunk.tokens, heading_path, text_hash, numbers, vector.tokens, dropped, unknown
                   FROM chunk JOIN vector ON vector.id = chunk.vector JOIN document ON document.content = chunk.content
                   WHERE document.id = ?1 ORDER BY start";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([id.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let heading_path = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
            let piece = Piece { span: span(row, 0)?, heading_path, tokens: row.get::<_, i64>(2)? as usize };
            let mut vector = Vec::new();
            numbers(row, 5, &mut vector)?;
            let Ok(embedding) = Embedding::new(encoder.clone(), vector) else { return Ok(None) };
            let text_hash = ContentHash::from_stored(row.get(4)?);
            found.push((piece, Staged { text_hash, embedding, receipt: receipt(row, 6)? }));
        }
        Ok(Some(found))
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Vec<Scored<ChunkId>>, StoreError> {
        match self.read(space(&self.transaction))? {
            None => return Ok(Vec::new()),
            Some((_, stored)) if !stored.same_space(query.encoder()) => {
                return Err(StoreError::OtherEncoder { stored: stored.label(), given: query.encoder().label() });
            }
            Some(_) => {}
        }
        let allowed = self.read(self.allowed(filter))?;
        let vectors = self.view()?.vectors();
        // to look for a good part of all is to look at all
        match vectors.filter(|vectors| k < vectors.index.len() / SCANNED) {
            Some(vectors) => match self.look_up(&vectors, query.vector(), k, allowed.as_deref()) {
                // an index of other vectors is of no use
                Err(NotFound::Index) => self.read(self.scan(query.vector(), k, allowed.as_deref())),
                Err(NotFound::Store(e)) => Err(e),
                Ok(found) => Ok(found),
            },
            None => self.read(self.scan(query.vector(), k, allowed.as_deref())),
        }
    }

    fn lexical(&self, words: &Words, k: usize, filter: &Filter) -> Result<Lexical, StoreError> {
        let allowed = self.read(self.allowed(filter))?;
        let view = self.view()?;
        let accept: &mut dyn FnMut(i64) -> Result<bool, StoreError> = &mut |id| match words.phrases.is_empty() {
            true => Ok(true),
            false => {
                let found = self.read(self.chunk(ChunkId(id), &Filter::All))?;
                let text = searchable(&found.text, &found.chunk.piece.heading_path);
                Ok(words.phrases.iter().all(|phrase| phrase.stands_in(&text)))
            }
        };
        let selection = Selection { allowed: allowed.as_deref(), gone: view.gone(), accept };
        let search = lookup(view, words);
        let best =
            search.top(k, selection)?.into_iter().map(|Scored { key, score }| Scored { key: ChunkId(key), score });
        Ok(Lexical { best: best.collect(), most: search.most() })
    }

    fn weights(&self, words: &Words, ids: &[ChunkId]) -> Result<Vec<f32>, StoreError> {
        let keys: Vec<i64> = ids.iter().map(|id| id.0).collect();
        Ok(lookup(self.view()?, words).scores(&keys))
    }

    fn embeddings(&self, ids: &[ChunkId]) -> Result<Vec<Embedding>, StoreError> {
        let Some((_, encoder)) = self.read(space(&self.transaction))? else { return Ok(Vec::new()) };
        let encoder = Arc::new(encoder);
        let one = |id: &ChunkId| {
            let embedding = self.read(self.embedding_of(&encoder, *id))?;
            embedding.ok_or(StoreError::Corrupt { what: "a vector" })
        };
        ids.iter().map(one).collect()
    }

    fn count(&self, filter: &Filter) -> Result<usize, StoreError> {
        let view = self.view()?;
        let all = [0..=i64::MAX];
        let ranges = match self.read(self.allowed(filter))? {
            // to count a million rows takes longer than to search them
            None if view.gone().is_empty() => return Ok(view.segments().iter().map(Segment::len).sum()),
            None => all.to_vec(),
            Some(ranges) => ranges,
        };
        let sql = "SELECT count(*) FROM chunk WHERE id BETWEEN ?1 AND ?2";
        let mut count = self.read(self.transaction.prepare_cached(sql))?;
        let of = ranges.iter().map(|range| count.query_row([range.start(), range.end()], |row| row.get::<_, i64>(0)));
        self.read(of.sum::<Result<i64, _>>()).map(|n| usize::try_from(n).unwrap_or(0))
    }

    fn chunks_at(&self, id: DocumentId, part: Span) -> Result<Vec<ChunkId>, StoreError> {
        self.read(whereabouts::chunks_at(&self.transaction, id, part))
    }

    fn occurrences(&self, text: &str, most: usize) -> Result<Vec<(DocumentId, Span)>, StoreError> {
        self.read(whereabouts::occurrences(&self.transaction, text, most))
    }

    fn failures(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        self.read(whereabouts::failures(&self.transaction))
    }

    fn unread(&self) -> Result<Vec<(String, Vec<Unread>)>, StoreError> {
        self.read(whereabouts::unread(&self.transaction))
    }

    fn passage(&self, id: DocumentId, part: Span) -> Result<(String, Locator), StoreError> {
        let find = "SELECT content FROM document WHERE id = ?1";
        let content = self.read(self.transaction.query_row(find, [id.0], |row| row.get(0)))?;
        let text = self.read(rows::text(&self.transaction, content, part))?;
        Ok((text, Locator::of(part, &self.read(rows::anchors(&self.transaction, content, part))?)))
    }

    fn chunks(&self, ids: &[ChunkId], filter: &Filter) -> Result<Vec<FoundChunk>, StoreError> {
        ids.iter().map(|id| self.read(self.chunk(*id, filter))).collect()
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError> {
        self.read(match filter {
            Filter::All => rows::summaries(&self.transaction),
            Filter::Documents(ids) => {
                ids.iter().filter_map(|id| rows::summary(&self.transaction, id.0).transpose()).collect()
            }
        })
    }

    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError> {
        let sql = "SELECT document.id, hash FROM document JOIN content ON content.id = content WHERE origin = ?1";
        let read = |row: &Row<'_>| Ok((DocumentId(row.get(0)?), ContentHash::from_stored(row.get(1)?)));
        self.read(self.transaction.query_row(sql, [origin], read).optional())
    }

    fn twin(&self, bytes: &ContentHash, media: Media) -> Result<Option<DocumentSummary>, StoreError> {
        Ok(self.read(rows::holders(&self.transaction, bytes, media, 1))?.into_iter().next())
    }

    fn holders(&self, bytes: &ContentHash, media: Media) -> Result<Vec<DocumentSummary>, StoreError> {
        self.read(rows::holders(&self.transaction, bytes, media, i64::MAX))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM document)";
        self.read(self.transaction.query_row(sql, [], |row| row.get(0)))
    }

    fn pieces(&self, id: DocumentId) -> Result<Vec<(Piece, Staged)>, StoreError> {
        let found = self.read(self.staged(id))?;
        found.ok_or(StoreError::Corrupt { what: "a vector" })
    }

    fn remembers(&self, origin: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM ledger WHERE origin = ?1)
                       OR EXISTS (SELECT 1 FROM staging WHERE origin = ?1)";
        self.read(self.transaction.query_row(sql, [origin], |row| row.get(0)))
    }

    fn labels(&self, id: DocumentId) -> Result<Labels, StoreError> {
        self.read(rows::labels(&self.transaction, id.0))
    }

    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        let sql = "SELECT origin, hash, content.id FROM document JOIN content ON content.id = content
                   WHERE document.id = ?1";
        let found = self.transaction.query_row(sql, [id.0], |row| {
            let (origin, content_hash) = (row.get(0)?, ContentHash::from_stored(row.get(1)?));
            let content = rows::content(&self.transaction, row.get(2)?)?;
            Ok(Document { id, origin, content_hash, content })
        });
        self.read(found.optional())
    }

    fn headings(&self, id: DocumentId, part: Span) -> Result<Vec<Span>, StoreError> {
        let sql = "SELECT start, end FROM section JOIN document ON document.content = section.content
                   WHERE document.id = ?1 AND start < ?3 AND end > ?2 ORDER BY start";
        let found = self.transaction.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(params![id.0, part.start as i64, part.end as i64], |row| span(row, 0))?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        self.read(found)
    }
}

/// The terms of a query in the lexical index. Those of its phrases must be there, and weigh nothing by themselves.
fn lookup<'v>(view: &'v View, words: &Words) -> Search<'v> {
    let of_phrases: BTreeSet<String> = words.phrases.iter().flat_map(Phrase::terms).collect();
    let asked = words.terms.iter().map(|term| (&term.term, term.weight));
    let also = of_phrases.iter().filter(|term| words.terms.iter().all(|asked| asked.term != **term));
    let all = asked.chain(also.map(|term| (term, 0.0)));
    let terms: Vec<Term<'_>> = all
        .map(|(term, weight)| Term { bytes: term.as_bytes(), weight, required: of_phrases.contains(term) })
        .collect();
    Search::new(&view.segments(), &terms, CONSTANTS)
}
