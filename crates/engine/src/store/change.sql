
-- What befell chunks, so that an index beside the file knows which it lacks and which are gone. The last some ten thousand.
CREATE TABLE change (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    stamp INTEGER NOT NULL,         -- random: files that agree in a row have one history up to it
    first INTEGER,                  -- the chunks first..=last are gone; NULL where some came
    last  INTEGER
) STRICT;
INSERT INTO change (stamp) VALUES (random());
