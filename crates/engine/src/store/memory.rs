//! The double: plain collections, the same contract.

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::{EncoderId, Receipt, TopK};

use crate::error::StoreError;
use crate::seams::{Batch, Filter, FoundChunk, Nearest, NewDocument, Snapshot, Staged, Store};
use crate::types::{Chunk, ChunkId, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Locator, Span};

/// A knowledge base that is gone with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    encoder: Option<EncoderId>,
    vectors: BTreeMap<ContentHash, (Embedding, Receipt)>,
    documents: BTreeMap<DocumentId, Document>,
    chunks: BTreeMap<ChunkId, (Chunk, ContentHash)>,
    last_document: i64,
    last_chunk: i64,
}

impl MemoryStore {
    fn remove(&mut self, id: DocumentId) {
        self.documents.remove(&id);
        self.chunks.retain(|_, (chunk, _)| chunk.document != id);
        let used: BTreeSet<&ContentHash> = self.chunks.values().map(|(_, hash)| hash).collect();
        self.vectors.retain(|hash, _| used.contains(hash));
    }

    fn publish(&mut self, new: &NewDocument) -> DocumentId {
        let old = self.documents.values().find(|d| d.origin == new.origin).map(|d| d.id);
        self.last_document += 1;
        let id = DocumentId(self.last_document);
        for (piece, hash) in &new.pieces {
            self.last_chunk += 1;
            let chunk = Chunk { id: ChunkId(self.last_chunk), document: id, piece: piece.clone() };
            self.chunks.insert(chunk.id, (chunk, hash.clone()));
        }
        let (origin, content_hash, content) = (new.origin.clone(), new.content_hash.clone(), new.content.clone());
        self.documents.insert(id, Document { id, origin, content_hash, content });
        if let Some(old) = old {
            self.remove(old);
        }
        id
    }
}

impl Store for MemoryStore {
    fn encoder(&self) -> Result<Option<EncoderId>, StoreError> {
        Ok(self.encoder.clone())
    }

    fn staged(&self, _: &EncoderId, texts: &[ContentHash]) -> Result<BTreeMap<ContentHash, Receipt>, StoreError> {
        let found = |hash: &ContentHash| self.vectors.get(hash).map(|(_, receipt)| (hash.clone(), *receipt));
        Ok(texts.iter().filter_map(found).collect())
    }

    fn stage(&mut self, vectors: &[Staged]) -> Result<(), StoreError> {
        for staged in vectors {
            self.encoder.get_or_insert_with(|| staged.embedding.encoder().clone());
            self.vectors.insert(staged.text_hash.clone(), (staged.embedding.clone(), staged.receipt));
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError> {
        let staged = |new: &NewDocument| new.pieces.iter().all(|(_, hash)| self.vectors.contains_key(hash));
        if !batch.publish.iter().all(staged) {
            return Err(StoreError::Corrupt { what: "a chunk without vector" });
        }
        batch.remove.iter().for_each(|id| self.remove(*id));
        Ok(batch.publish.iter().map(|new| self.publish(new)).collect())
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(self))
    }
}

impl Snapshot for &MemoryStore {
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Nearest, StoreError> {
        let mut best = TopK::new(k);
        let mut compared = 0;
        for (chunk, hash) in self.chunks.values().filter(|(chunk, _)| passes(filter, chunk.document)) {
            best.push(chunk.id, query.cosine(&self.vectors[hash].0).unwrap_or(f32::NAN));
            compared += 1;
        }
        Ok(Nearest { scored: best.into_sorted(), compared })
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<FoundChunk>, StoreError> {
        let found = |id: &ChunkId| {
            let (chunk, _) = &self.chunks[id];
            let document = &self.documents[&chunk.document];
            let text = document.content.text[chunk.piece.span.range()].to_owned();
            let locator = Locator::of(chunk.piece.span, &document.content.anchors);
            FoundChunk { chunk: chunk.clone(), origin: document.origin.clone(), text, locator }
        };
        Ok(ids.iter().map(found).collect())
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError> {
        let summary = |d: &Document| DocumentSummary {
            id: d.id,
            origin: d.origin.clone(),
            content_hash: d.content_hash.clone(),
            media: d.content.media,
            title: d.content.title.clone(),
            language: d.content.language.clone(),
            pages: d.content.pages,
            chunks: self.chunks.values().filter(|(chunk, _)| chunk.document == d.id).count() as u64,
            text_bytes: d.content.text.len() as u64,
            added_at: 0,
        };
        Ok(self.documents.values().filter(|d| passes(filter, d.id)).map(summary).collect())
    }

    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError> {
        let found = self.documents.values().find(|d| d.origin == origin);
        Ok(found.map(|d| (d.id, d.content_hash.clone())))
    }

    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        Ok(self.documents.get(&id).cloned())
    }

    fn headings(&self, id: DocumentId, part: Span) -> Result<Vec<Span>, StoreError> {
        let sections = self.documents.get(&id).map(|d| d.content.sections.as_slice()).unwrap_or_default();
        Ok(sections.iter().map(|s| s.heading).filter(|h| h.overlaps(part)).collect())
    }
}

fn passes(filter: &Filter, id: DocumentId) -> bool {
    match filter {
        Filter::All => true,
        Filter::Documents(ids) => ids.contains(&id),
    }
}
