-- When a receipt was last left, so that one whose condition nobody ends is forgotten some day.
ALTER TABLE receipt ADD COLUMN kept_at INTEGER NOT NULL DEFAULT 0;
UPDATE receipt SET kept_at = unixepoch() * 1000;
CREATE INDEX receipt_kept ON receipt (kept_at);
