PRAGMA user_version=6;
BEGIN TRANSACTION;
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
INSERT INTO "alert" VALUES(1,1,10,'done','default','token','test','print','{"id":"done","kind":"test","severity":"notice","action":"stored","entity":{"kind":"host","value":"192.0.2.1"},"source":"","starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"print"}');
INSERT INTO "alert" VALUES(3,1,10,'sent','default','token','test','other','{"id":"sent","kind":"test","severity":"notice","action":"stored","entity":{"kind":"host","value":"192.0.2.1"},"source":"","starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"other"}');
INSERT INTO "alert" VALUES(5,1,10,'dead','default','token','test','another','{"id":"dead","kind":"test","severity":"notice","action":"stored","entity":{"kind":"host","value":"192.0.2.1"},"source":"","starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"another"}');
INSERT INTO "alert" VALUES(7,1,10,'queued','default','token','test','print','{"id":"queued","kind":"test","severity":"notice","action":"stored","entity":{"kind":"host","value":"192.0.2.1"},"source":"","starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"print"}');
INSERT INTO "alert" VALUES(9,1,10,'waiting','default','token','test','print','{"id":"waiting","kind":"test","severity":"notice","action":"stored","entity":{"kind":"host","value":"192.0.2.1"},"source":"","starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"print"}');
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
INSERT INTO "attempt" VALUES(1,1,0,1,5,'delivered','accepted',200,NULL,NULL);
INSERT INTO "attempt" VALUES(2,1,0,1,5,'delivered','accepted',200,NULL,NULL);
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
INSERT INTO "component" VALUES('digest','','chat',0,1,'{}',X'7761736D');
CREATE TABLE condition (
    fingerprint TEXT PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    content     TEXT NOT NULL,
    told_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "condition" VALUES('print',5,'content',10);
CREATE TABLE content (
    delivery  INTEGER PRIMARY KEY,
    component TEXT NOT NULL,
    params    TEXT NOT NULL,
    tag       TEXT NOT NULL,
    jobs      TEXT NOT NULL,
    messages  TEXT NOT NULL
) STRICT;
INSERT INTO "content" VALUES(1,'digest','params','','[{"job":2,"alert":"done","fingerprint":"print","releases":false}]','[{"http":{"method":"POST","url":[{"text":"https://example.org/"}],"query":[],"headers":[],"auth":[],"body":{"text":[{"text":"first"}]}}},{"http":{"method":"POST","url":[{"text":"https://example.org/"}],"query":[],"headers":[],"auth":[],"body":{"text":[{"text":"second"}]}}}]');
INSERT INTO "content" VALUES(2,'digest','params','tag','[{"job":4,"alert":"sent","fingerprint":"other","releases":false}]','[{"http":{"method":"POST","url":[{"text":"https://example.org/"}],"query":[],"headers":[],"auth":[],"body":{"text":[{"text":"first"}]}}},{"http":{"method":"POST","url":[{"text":"https://example.org/"}],"query":[],"headers":[],"auth":[],"body":{"text":[{"text":"second"}]}}}]');
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
INSERT INTO "delivery" VALUES(1,'done',1,'delivered',10,0,1,10,10,11,'default');
INSERT INTO "delivery" VALUES(2,'sent',1,'pending',20,1,0,10,10,NULL,'default');
CREATE TABLE endpoint (
    tenant    TEXT NOT NULL,
    name      TEXT NOT NULL,
    component TEXT NOT NULL,
    params    TEXT NOT NULL,
    sealed    TEXT NOT NULL,
    paused    TEXT, granted TEXT, follows INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, name)
) STRICT;
INSERT INTO "endpoint" VALUES('default','endpoint','digest','[]','{}',NULL,'{}',1);
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
INSERT INTO "idempotency" VALUES(1,'default','token','1','body',10,'202 answer');
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
INSERT INTO "job" VALUES(4,1,3,-2798553888591940776,'delivery',0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "job" VALUES(6,1,5,-5889429819278586291,'dead',0,1,0,NULL,10,'refused',NULL);
INSERT INTO "job" VALUES(8,1,7,-3560876095601228191,'queued',0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "job" VALUES(10,1,9,-3560876095601228191,'waiting',0,0,0,NULL,NULL,NULL,NULL);
CREATE TABLE key_check (
    value TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO "key_check" VALUES('check');
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('alerts',5);
INSERT INTO "meta" VALUES('delivered',1);
INSERT INTO "meta" VALUES('openings',1);
INSERT INTO "meta" VALUES('reserved',100002);
CREATE TABLE network (
    tenant TEXT PRIMARY KEY,
    allow  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "network" VALUES('default','["192.0.2.0/24:443"]');
CREATE TABLE receipt (
    recipient   INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    receipt     TEXT NOT NULL, kept_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (recipient, fingerprint)
) STRICT, WITHOUT ROWID;
INSERT INTO "receipt" VALUES(1,'print','message 7',11);
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
, title TEXT, message TEXT) STRICT;
INSERT INTO "recipient" VALUES(1,'default','r01','endpoint','[{"name":"chat","value":"1"}]','en','UTC','{}',NULL,0,NULL,'%{entity}');
CREATE TABLE token (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    role   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "token" VALUES('default','token','ingest','hash');
CREATE UNIQUE INDEX recipient_name ON recipient (tenant, name) WHERE removed = 0;
CREATE INDEX job_queued ON job (recipient, due) WHERE state = 'queued';
CREATE INDEX job_condition ON job (recipient, condition) WHERE state <> 'dead';
CREATE INDEX job_batch ON job (recipient, batch) WHERE batch IS NOT NULL;
CREATE INDEX job_dead ON job (id, recipient) WHERE state = 'dead';
CREATE INDEX delivery_pending ON delivery (recipient, due) WHERE state = 'pending';
CREATE INDEX condition_told ON condition (told_at);
CREATE INDEX receipt_kept ON receipt (kept_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('recipient',1);
COMMIT;
