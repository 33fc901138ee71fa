-- Conditions that hold, of producers that tell their state again and again. A fingerprint is bound to its
-- token, and with it to its tenant.
CREATE TABLE condition (
    fingerprint TEXT PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    content     TEXT NOT NULL,
    told_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX condition_told ON condition (told_at);
