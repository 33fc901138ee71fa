-- Times are milliseconds since the Unix epoch, UTC. Columns named manifest, params, sealed, filter, allow,
-- document, jobs and messages hold JSON.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `tenant` is '' for a component that every tenant may use.
CREATE TABLE component (
    digest       TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    name         TEXT NOT NULL,
    builtin      INTEGER NOT NULL,
    installed_at INTEGER NOT NULL,
    manifest     TEXT NOT NULL,
    wasm         BLOB,
    PRIMARY KEY (digest, tenant)
) STRICT;

CREATE TABLE endpoint (
    tenant    TEXT NOT NULL,
    name      TEXT NOT NULL,
    component TEXT NOT NULL,
    params    TEXT NOT NULL,
    sealed    TEXT NOT NULL,
    paused    TEXT,
    PRIMARY KEY (tenant, name)
) STRICT;

-- A removed recipient keeps its row, so that its id is never used again and its dead letters keep a name.
CREATE TABLE recipient (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant    TEXT NOT NULL,
    name      TEXT NOT NULL,
    endpoint  TEXT NOT NULL,
    params    TEXT NOT NULL,
    language  TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    filter    TEXT NOT NULL,
    paused    TEXT,
    removed   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX recipient_name ON recipient (tenant, name) WHERE removed = 0;

CREATE TABLE token (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    role   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE network (
    tenant TEXT PRIMARY KEY,
    allow  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Alerts and jobs are numbered together: the jobs of an alert have the `jobs` numbers after its own, so
-- that no index is needed to find them.
CREATE TABLE alert (
    seq         INTEGER PRIMARY KEY,
    jobs        INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    id          TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    token       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    document    TEXT NOT NULL
) STRICT;

-- `state` is one of
--   queued    to be given out, not before `due` (0: at once)
--   waiting   as queued, but an earlier job of the same recipient and condition is unfinished
--   delivery  a pending delivery carries it
--   dead      a dead letter
-- A delivered job has no row. `condition` is a hash of the fingerprint.
CREATE TABLE job (
    id        INTEGER PRIMARY KEY,
    recipient INTEGER NOT NULL,
    alert     INTEGER NOT NULL,
    condition INTEGER NOT NULL,
    state     TEXT NOT NULL,
    due       INTEGER NOT NULL DEFAULT 0,
    given     INTEGER NOT NULL DEFAULT 0,
    attempts  INTEGER NOT NULL DEFAULT 0,
    batch     INTEGER,
    died_at   INTEGER,
    reason    TEXT,
    detail    TEXT
) STRICT;
CREATE INDEX job_queued ON job (recipient, due) WHERE state = 'queued';
CREATE INDEX job_condition ON job (recipient, condition) WHERE state <> 'dead';
CREATE INDEX job_batch ON job (recipient, batch) WHERE batch IS NOT NULL;
CREATE INDEX job_dead ON job (id, recipient) WHERE state = 'dead';

-- `state` is pending, delivered, dead or superseded. What an attempt changes is apart from what it sends:
-- settling a delivery then rewrites a short row only.
CREATE TABLE delivery (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    recipient   INTEGER NOT NULL,
    state       TEXT NOT NULL,
    due         INTEGER NOT NULL,
    progress    INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    ended_at    INTEGER,
    tenant      TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_pending ON delivery (recipient, due) WHERE state = 'pending';

CREATE TABLE content (
    delivery  INTEGER PRIMARY KEY,
    component TEXT NOT NULL,
    params    TEXT NOT NULL,
    tag       TEXT NOT NULL,
    jobs      TEXT NOT NULL,
    messages  TEXT NOT NULL
) STRICT;

CREATE TABLE attempt (
    delivery    INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    status      INTEGER,
    retry_at    INTEGER,
    detail      TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
    recipient   INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    receipt     TEXT NOT NULL,
    PRIMARY KEY (recipient, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    seq         INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    token       TEXT NOT NULL,
    key         TEXT NOT NULL,
    body_hash   TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    answer      TEXT NOT NULL,
    UNIQUE (tenant, token, key)
) STRICT;
