-- Times are UTC nanoseconds. A row's place in time is (channel_id, t_ns); ids of segments grow and are never given
-- again, so that a greater one was always begun later, whatever the clock said.

CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    gone_ns INTEGER  -- the latest moment of what was removed
);

CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    start_ns INTEGER NOT NULL,
    first_ns INTEGER NOT NULL,  -- of its pictures, while start_ns is that of its file
    end_ns INTEGER NOT NULL,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL DEFAULT 0,
    codec TEXT NOT NULL,
    extradata BLOB NOT NULL DEFAULT x'',
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    fps REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    cold TEXT NOT NULL DEFAULT ''
);
CREATE INDEX segment_by_time ON segment (channel_id, first_ns, end_ns);
CREATE INDEX segment_by_age ON segment (channel_id, id);
CREATE INDEX segment_open ON segment (id) WHERE state = 'open';
CREATE INDEX segment_local ON segment (id) WHERE state = 'closed' AND cold = '';

CREATE TABLE gop (
    channel_id INTEGER NOT NULL,
    t_ns INTEGER NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment (id),
    offset INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    samples BLOB NOT NULL,
    PRIMARY KEY (channel_id, t_ns, segment_id, offset)
) WITHOUT ROWID;
CREATE UNIQUE INDEX gop_by_segment ON gop (segment_id, offset);

-- From the last picture before a pause to the first one after it.
CREATE TABLE gap (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    PRIMARY KEY (channel_id, start_ns)
) WITHOUT ROWID;

-- What segments older than segment_id show between these moments gives way.
CREATE TABLE overlap (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    segment_id INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    grows INTEGER NOT NULL DEFAULT 0,  -- with the segment, as long as it is written
    PRIMARY KEY (channel_id, segment_id, start_ns, end_ns)
) WITHOUT ROWID;

CREATE TABLE figure (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX figure_by_end ON figure (channel_id, end_ns);

-- A figure's time, cut into blocks; node tells the size of one and its place.
CREATE TABLE figure_piece (
    channel_id INTEGER NOT NULL,
    node INTEGER NOT NULL,
    figure_id INTEGER NOT NULL REFERENCES figure (id) ON DELETE CASCADE,
    PRIMARY KEY (channel_id, node, figure_id)
) WITHOUT ROWID;
CREATE INDEX figure_piece_by_figure ON figure_piece (figure_id);

-- Files that are to be deleted; with a key, what lies in the cold store under it.
CREATE TABLE garbage (
    path TEXT NOT NULL,
    cold TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (path, cold)
) WITHOUT ROWID;

CREATE TABLE usage (
    cold INTEGER NOT NULL PRIMARY KEY,
    segments INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
);
INSERT INTO usage (cold) VALUES (0), (1);

CREATE TRIGGER segment_added AFTER INSERT ON segment BEGIN
    UPDATE usage SET segments = segments + 1, bytes = bytes + NEW.bytes WHERE cold = (NEW.cold <> '');
END;
CREATE TRIGGER segment_removed AFTER DELETE ON segment BEGIN
    UPDATE usage SET segments = segments - 1, bytes = bytes - OLD.bytes WHERE cold = (OLD.cold <> '');
END;
CREATE TRIGGER segment_changed AFTER UPDATE OF bytes, cold ON segment BEGIN
    UPDATE usage SET segments = segments - 1, bytes = bytes - OLD.bytes WHERE cold = (OLD.cold <> '');
    UPDATE usage SET segments = segments + 1, bytes = bytes + NEW.bytes WHERE cold = (NEW.cold <> '');
END;
