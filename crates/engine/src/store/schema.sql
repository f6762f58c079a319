-- Format 1 of a qiao knowledge base. docs/file-format.md says what each table means.
-- Positions are bytes of document.text, half open.
CREATE TABLE space (
    id      INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,   -- hash of all that decides the encoder's numbers
    encoder TEXT NOT NULL           -- the EncoderId as JSON
) STRICT;

CREATE TABLE document (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    origin       TEXT NOT NULL UNIQUE,
    content_hash TEXT NOT NULL,     -- SHA-256 of the original bytes
    media        TEXT NOT NULL,
    title        TEXT,
    language     TEXT,
    pages        INTEGER,
    added_at     INTEGER NOT NULL,  -- seconds since 1970, UTC
    text         TEXT NOT NULL
) STRICT;

CREATE TABLE section (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    start    INTEGER NOT NULL,
    end      INTEGER NOT NULL,
    level    INTEGER NOT NULL,
    PRIMARY KEY (document, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE furniture (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    start    INTEGER NOT NULL,
    end      INTEGER NOT NULL,
    PRIMARY KEY (document, start)
) STRICT, WITHOUT ROWID;

-- One line of the original. Of (page, box) and line, one is there.
CREATE TABLE anchor (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    start    INTEGER NOT NULL,
    end      INTEGER NOT NULL,
    page     INTEGER,
    x0 REAL, y0 REAL, x1 REAL, y1 REAL,
    line     INTEGER,
    PRIMARY KEY (document, start),
    CHECK ((page IS NULL) <> (line IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE unread (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    page     INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (document, page)
) STRICT, WITHOUT ROWID;

-- Vectors by the hash of their text: staged before the document is there, shared by chunks of the same text.
CREATE TABLE vector (
    id        INTEGER PRIMARY KEY,
    space     INTEGER NOT NULL REFERENCES space,
    text_hash TEXT NOT NULL,
    numbers   BLOB NOT NULL,        -- float32, little-endian, unit length
    tokens    INTEGER NOT NULL,
    dropped   INTEGER NOT NULL,
    unknown   INTEGER NOT NULL,
    UNIQUE (space, text_hash)
) STRICT;

CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    document     INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    vector       INTEGER NOT NULL REFERENCES vector,
    start        INTEGER NOT NULL,
    end          INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    heading_path TEXT NOT NULL      -- JSON array of strings
) STRICT;
CREATE INDEX chunk_by_document ON chunk (document);
CREATE INDEX chunk_by_vector ON chunk (vector);

CREATE TABLE ledger (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,       -- seconds since 1970, UTC
    origin  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_by_origin ON ledger (origin);
