//! The double: plain collections, the same contract.

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::{EncoderId, Receipt, Scored, TopK};

use super::derived::searchable;
use crate::error::StoreError;
use crate::language::{B, Counted, K1, QueryTerm, Words, counted};
use crate::seams::{Batch, Filter, FoundChunk, Lexical, NewContent, NewDocument, Relabel, Snapshot, Staged, Store};
use crate::types::{
    Chunk, ChunkId, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Finding, Labels,
    LedgerEntry, Locator, Media, Piece, Span, Unread,
};

/// Bytes read as something.
type ContentKey = (ContentHash, Media);

/// A chunk of some content, and the hash of its text.
type OwnChunk = (ContentKey, Piece, ContentHash);

/// What a term gives a chunk that has it without end.
fn factor(counted: &BTreeMap<ChunkId, Counted>, term: &QueryTerm) -> f64 {
    let (n, df) = (counted.len() as f64, counted.values().filter(|c| count(c, &term.term) > 0).count() as f64);
    f64::from(term.weight) * (1.0 + (n - df + 0.5) / (df + 0.5)).ln() * (f64::from(K1) + 1.0)
}

fn count(counted: &Counted, term: &str) -> u32 {
    counted.iter().find(|(own, _)| *own == term).map_or(0, |(_, count)| count)
}

/// A knowledge base that is gone with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    encoder: Option<EncoderId>,
    vectors: BTreeMap<ContentHash, (Embedding, Receipt)>,
    staging: BTreeSet<(String, ContentHash)>,
    contents: BTreeMap<ContentKey, Content>,
    documents: BTreeMap<DocumentId, (String, ContentKey, Labels)>,
    chunks: BTreeMap<ChunkId, OwnChunk>,
    last_document: i64,
    last_chunk: i64,
}

impl MemoryStore {
    fn remove(&mut self, id: DocumentId) {
        if let Some((origin, ..)) = self.documents.remove(&id) {
            self.staging.retain(|(of, _)| *of != origin);
        }
        self.drop_unused();
    }

    fn drop_unused(&mut self) {
        let used: BTreeSet<&ContentKey> = self.documents.values().map(|(_, key, _)| key).collect();
        self.contents.retain(|key, _| used.contains(key));
        self.chunks.retain(|_, (key, ..)| used.contains(key));
        let mut used: BTreeSet<&ContentHash> = self.chunks.values().map(|(_, _, hash)| hash).collect();
        used.extend(self.staging.iter().map(|(_, hash)| hash));
        self.vectors.retain(|hash, _| used.contains(hash));
    }

    fn publish(&mut self, new: &NewDocument) -> DocumentId {
        let old = self.documents.iter().find(|(_, (origin, ..))| *origin == new.origin);
        let (old, mut labels) = old.map_or((None, Labels::default()), |(id, (_, _, said))| (Some(*id), said.clone()));
        labels.extend(&new.labels);
        let media = match &new.content {
            NewContent::Read(content, _) => content.media,
            NewContent::Shared(media) => *media,
        };
        let key = (new.content_hash.clone(), media);
        if let (NewContent::Read(content, pieces), false) = (&new.content, self.contents.contains_key(&key)) {
            self.contents.insert(key.clone(), (**content).clone());
            for (piece, hash) in pieces {
                self.last_chunk += 1;
                self.chunks.insert(ChunkId(self.last_chunk), (key.clone(), piece.clone(), hash.clone()));
            }
        }
        self.last_document += 1;
        let id = DocumentId(self.last_document);
        if let Some(old) = old {
            self.documents.remove(&old);
        }
        self.documents.insert(id, (new.origin.clone(), key, labels));
        self.staging.retain(|(of, _)| *of != new.origin);
        self.drop_unused();
        id
    }

    fn passing<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = (&'a ChunkId, &'a OwnChunk)> {
        let passes =
            move |key: &ContentKey| self.documents.iter().any(|(id, (_, of, _))| of == key && filter.passes(*id));
        self.chunks.iter().filter(move |(_, (key, ..))| passes(key))
    }

    fn counted(&self) -> BTreeMap<ChunkId, Counted> {
        let one =
            |(id, chunk): (&ChunkId, &OwnChunk)| (*id, counted(&searchable(self.text(chunk), &chunk.1.heading_path)));
        self.chunks.iter().map(one).collect()
    }

    fn most(&self, words: &Words) -> f32 {
        let counted = self.counted();
        words.terms.iter().map(|term| factor(&counted, term)).sum::<f64>() as f32
    }

    fn text(&self, (key, piece, _): &OwnChunk) -> &str {
        &self.contents[key].text[piece.span.range()]
    }

    fn summary(&self, id: DocumentId) -> DocumentSummary {
        let (origin, key, labels) = &self.documents[&id];
        let content = &self.contents[key];
        let mut metadata = content.properties.clone();
        let mut tags = labels.tags.clone();
        tags.extend(metadata.remove("tags").unwrap_or_default());
        metadata.extend(labels.metadata.clone());
        DocumentSummary {
            id,
            origin: origin.clone(),
            content_hash: key.0.clone(),
            media: content.media,
            title: content.title.clone(),
            language: content.language.clone(),
            pages: content.pages,
            chunks: self.chunks.values().filter(|(of, ..)| of == key).count() as u64,
            text_bytes: content.text.len() as u64,
            added_at: 0,
            tags: tags.into_iter().collect(),
            metadata,
        }
    }
}

impl Store for MemoryStore {
    fn encoder(&self) -> Result<Option<EncoderId>, StoreError> {
        Ok(self.encoder.clone())
    }

    fn keep(
        &mut self,
        origin: &str,
        _: &EncoderId,
        texts: &[ContentHash],
    ) -> Result<BTreeMap<ContentHash, Receipt>, StoreError> {
        let found = |hash: &ContentHash| self.vectors.get(hash).map(|(_, receipt)| (hash.clone(), *receipt));
        let found: BTreeMap<ContentHash, Receipt> = texts.iter().filter_map(found).collect();
        self.staging.extend(found.keys().map(|hash| (origin.to_owned(), hash.clone())));
        Ok(found)
    }

    fn stage(&mut self, origin: &str, vectors: &[Staged]) -> Result<(), StoreError> {
        for staged in vectors {
            self.encoder.get_or_insert_with(|| staged.embedding.encoder().clone());
            self.vectors.insert(staged.text_hash.clone(), (staged.embedding.clone(), staged.receipt));
            self.staging.insert((origin.to_owned(), staged.text_hash.clone()));
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError> {
        let sound = |new: &NewDocument| match &new.content {
            NewContent::Read(_, pieces) => pieces.iter().all(|(_, hash)| self.vectors.contains_key(hash)),
            NewContent::Shared(media) => self.contents.contains_key(&(new.content_hash.clone(), *media)),
        };
        let all_there = batch.remove.iter().all(|id| self.documents.contains_key(id));
        if !all_there || !batch.publish.iter().all(sound) {
            return Err(StoreError::Corrupt {
                what: "a chunk without vector, a document without text, or none where one was",
            });
        }
        batch.remove.iter().for_each(|id| self.remove(*id));
        self.staging.retain(|(of, _)| !batch.forget.contains(of));
        self.drop_unused();
        let published = batch.publish.iter().map(|new| self.publish(new)).collect();
        for Relabel { id, labels: more, .. } in &batch.label {
            if let Some((_, _, labels)) = self.documents.get_mut(id) {
                labels.extend(more);
            }
        }
        Ok(published)
    }

    fn scrub(&mut self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(self))
    }

    fn index(&self, _: usize, _: &mut dyn FnMut(usize, usize)) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn mend(&mut self, _: &[Finding]) -> Result<(), StoreError> {
        Ok(())
    }

    fn put_back(&mut self, _: &ContentHash, _: &Content, _: &[(Piece, ContentHash)]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Snapshot for &MemoryStore {
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Vec<Scored<ChunkId>>, StoreError> {
        let mut best = TopK::new(k);
        for (id, (_, _, hash)) in self.passing(filter) {
            best.push(*id, query.cosine(&self.vectors[hash].0).unwrap_or(f32::NAN));
        }
        Ok(best.into_sorted())
    }

    fn lexical(&self, words: &Words, k: usize, filter: &Filter) -> Result<Lexical, StoreError> {
        let ids: Vec<ChunkId> = self
            .passing(filter)
            .filter(|(_, chunk)| words.phrases.iter().all(|phrase| phrase.stands_in(self.text(chunk))))
            .map(|(id, _)| *id)
            .collect();
        let mut best = TopK::new(k);
        for (id, score) in ids.iter().zip(self.weights(words, &ids)?).filter(|(_, score)| *score > 0.0) {
            best.push(*id, score);
        }
        let most = self.most(words);
        Ok(Lexical { best: best.into_sorted(), most })
    }

    fn weights(&self, words: &Words, ids: &[ChunkId]) -> Result<Vec<f32>, StoreError> {
        let counted = self.counted();
        let average = counted.values().map(|c| f64::from(c.length())).sum::<f64>() / counted.len() as f64;
        let weight = |id: &ChunkId| {
            let own = &counted[id];
            let length = 1.0 - f64::from(B) + f64::from(B) * f64::from(own.length()) / average;
            let term = |term: &QueryTerm| {
                let count = f64::from(count(own, &term.term));
                factor(&counted, term) * count / (count + f64::from(K1) * length)
            };
            words.terms.iter().map(term).sum::<f64>() as f32
        };
        Ok(ids.iter().map(weight).collect())
    }

    fn embeddings(&self, ids: &[ChunkId]) -> Result<Vec<Embedding>, StoreError> {
        Ok(ids.iter().map(|id| self.vectors[&self.chunks[id].2].0.clone()).collect())
    }

    fn count(&self, filter: &Filter) -> Result<usize, StoreError> {
        Ok(self.passing(filter).count())
    }

    fn chunks_at(&self, id: DocumentId, part: Span) -> Result<Vec<ChunkId>, StoreError> {
        let Some((_, key, _)) = self.documents.get(&id) else { return Ok(Vec::new()) };
        let here = self.chunks.iter().filter(|(_, (of, piece, _))| of == key && piece.span.overlaps(part));
        Ok(here.map(|(id, _)| *id).collect())
    }

    fn occurrences(&self, text: &str, most: usize) -> Result<Vec<(DocumentId, Span)>, StoreError> {
        let of = |(id, (_, key, _)): (&DocumentId, &(String, ContentKey, Labels))| {
            let at = self.contents[key].text.find(text)?;
            Some((*id, Span::new(at, at + text.len())))
        };
        Ok(self.documents.iter().filter_map(of).take(most).collect())
    }

    fn failures(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(Vec::new())
    }

    fn unread(&self) -> Result<Vec<(String, Vec<Unread>)>, StoreError> {
        Ok(Vec::new())
    }

    fn passage(&self, id: DocumentId, part: Span) -> Result<(String, Locator), StoreError> {
        let content = &self.contents[&self.documents[&id].1];
        Ok((content.text[part.range()].to_owned(), Locator::of(part, &content.anchors)))
    }

    fn chunks(&self, ids: &[ChunkId], filter: &Filter) -> Result<Vec<FoundChunk>, StoreError> {
        let found = |id: &ChunkId| {
            let (key, piece, _) = &self.chunks[id];
            let holds = |(document, (_, of, _)): &(&DocumentId, &(String, ContentKey, Labels))| {
                of == key && filter.passes(**document)
            };
            let mut holders = self.documents.iter().filter(holds);
            let missing = StoreError::Corrupt { what: "a chunk of no document" };
            let (document, (origin, ..)) = holders.next().ok_or(missing)?;
            let content = &self.contents[key];
            Ok(FoundChunk {
                chunk: Chunk { id: *id, document: *document, piece: piece.clone() },
                origin: origin.clone(),
                also: holders.map(|(_, (origin, ..))| origin.clone()).collect(),
                text: content.text[piece.span.range()].to_owned(),
                locator: Locator::of(piece.span, &content.anchors),
            })
        };
        ids.iter().map(found).collect()
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError> {
        Ok(self.documents.keys().filter(|id| filter.passes(**id)).map(|id| self.summary(*id)).collect())
    }

    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError> {
        let found = self.documents.iter().find(|(_, (of, ..))| of == origin);
        Ok(found.map(|(id, (_, key, _))| (*id, key.0.clone())))
    }

    fn twin(&self, bytes: &ContentHash, media: Media) -> Result<Option<DocumentSummary>, StoreError> {
        Ok(self.holders(bytes, media)?.into_iter().next())
    }

    fn holders(&self, bytes: &ContentHash, media: Media) -> Result<Vec<DocumentSummary>, StoreError> {
        let held = self.documents.iter().filter(|(_, (_, key, _))| key.0 == *bytes && key.1 == media);
        Ok(held.map(|(id, _)| self.summary(*id)).collect())
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.documents.is_empty())
    }

    fn pieces(&self, id: DocumentId) -> Result<Vec<(Piece, Staged)>, StoreError> {
        let Some((_, key, _)) = self.documents.get(&id) else { return Ok(Vec::new()) };
        let own = self.chunks.values().filter(|(of, ..)| of == key);
        let with_vector = |(_, piece, hash): &(ContentKey, Piece, ContentHash)| {
            let (embedding, receipt) = self.vectors[hash].clone();
            (piece.clone(), Staged { text_hash: hash.clone(), embedding, receipt })
        };
        Ok(own.map(with_vector).collect())
    }

    fn remembers(&self, origin: &str) -> Result<bool, StoreError> {
        Ok(self.staging.iter().any(|(of, _)| of == origin))
    }

    fn labels(&self, id: DocumentId) -> Result<Labels, StoreError> {
        Ok(self.documents.get(&id).map(|(_, _, labels)| labels.clone()).unwrap_or_default())
    }

    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        Ok(self.documents.get(&id).map(|(origin, key, _)| Document {
            id,
            origin: origin.clone(),
            content_hash: key.0.clone(),
            content: self.contents[key].clone(),
        }))
    }

    fn headings(&self, id: DocumentId, part: Span) -> Result<Vec<Span>, StoreError> {
        let content = self.documents.get(&id).map(|(_, key, _)| &self.contents[key]);
        let sections = content.map(|content| content.sections.as_slice()).unwrap_or_default();
        Ok(sections.iter().map(|s| s.heading).filter(|h| h.overlaps(part)).collect())
    }
}
