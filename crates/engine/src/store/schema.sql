-- A qiao knowledge base, but for the table `change`, which came with format 3. docs/file-format.md says what each table means.
-- Positions are bytes of content.text, half open.
CREATE TABLE space (
    id      INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,   -- hash of all that decides the encoder's numbers
    encoder TEXT NOT NULL           -- the EncoderId as JSON
) STRICT;

-- What was read from some bytes: once, however many documents have these bytes.
CREATE TABLE content (
    id       INTEGER PRIMARY KEY,
    hash     TEXT NOT NULL,         -- SHA-256 of the original bytes
    media    TEXT NOT NULL,
    title    TEXT,
    language TEXT,
    pages    INTEGER,
    text     TEXT NOT NULL,
    digest   TEXT NOT NULL,         -- SHA-256 of all that was read, as JSON
    UNIQUE (hash, media)
) STRICT;

CREATE TABLE section (
    content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    start   INTEGER NOT NULL,
    end     INTEGER NOT NULL,
    level   INTEGER NOT NULL,
    PRIMARY KEY (content, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE furniture (
    content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    start   INTEGER NOT NULL,
    end     INTEGER NOT NULL,
    PRIMARY KEY (content, start)
) STRICT, WITHOUT ROWID;

-- One line of the original. Of (page, box) and line, one is there.
CREATE TABLE anchor (
    content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    start   INTEGER NOT NULL,
    end     INTEGER NOT NULL,
    page    INTEGER,
    x0 REAL, y0 REAL, x1 REAL, y1 REAL,
    line    INTEGER,
    PRIMARY KEY (content, start),
    CHECK ((page IS NULL) <> (line IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE unread (
    content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    page    INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (content, page)
) STRICT, WITHOUT ROWID;

-- What the file says of itself: author, tags, dates.
CREATE TABLE property (
    content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    key     TEXT NOT NULL,
    place   INTEGER NOT NULL,       -- among the values of the key, from 0
    value   TEXT NOT NULL,
    PRIMARY KEY (content, key, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    origin   TEXT NOT NULL UNIQUE,
    content  INTEGER NOT NULL REFERENCES content,
    added_at INTEGER NOT NULL       -- seconds since 1970, UTC
) STRICT;
CREATE INDEX document_by_content ON document (content);

-- What a person says of a document.
CREATE TABLE tag (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    name     TEXT NOT NULL,
    PRIMARY KEY (document, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metadata (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    key      TEXT NOT NULL,
    place    INTEGER NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (document, key, place)
) STRICT, WITHOUT ROWID;

-- Vectors by the hash of their text, shared by chunks of the same text.
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

-- Vectors that a file on its way in will need.
CREATE TABLE staging (
    origin TEXT NOT NULL,
    vector INTEGER NOT NULL REFERENCES vector,
    PRIMARY KEY (origin, vector)
) STRICT, WITHOUT ROWID;
CREATE INDEX staging_by_vector ON staging (vector);

CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    content      INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    vector       INTEGER NOT NULL REFERENCES vector,
    start        INTEGER NOT NULL,
    end          INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    heading_path TEXT NOT NULL      -- JSON array of strings
) STRICT;
CREATE INDEX chunk_by_content ON chunk (content);
CREATE INDEX chunk_by_vector ON chunk (vector);

CREATE TABLE ledger (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,       -- seconds since 1970, UTC
    origin  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_by_origin ON ledger (origin);

-- What is to be done when there is time: 'rewrite', since pages may hold traces of what went.
CREATE TABLE upkeep (
    task  TEXT PRIMARY KEY,
    times INTEGER NOT NULL,         -- how often it became due
    done  INTEGER NOT NULL          -- and how many of these times it is done for
) STRICT, WITHOUT ROWID;
