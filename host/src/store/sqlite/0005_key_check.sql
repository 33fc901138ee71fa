-- Tells the master key that the secrets in `endpoint` are sealed with from others. At most one row.
CREATE TABLE key_check (
    value TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
