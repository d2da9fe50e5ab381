-- +goose Up

-- The outbox: a row is written with the change it tells of, and fanned_out turns true in the
-- transaction that makes its deliveries. Whoever asks for an event by its id knows whose it is, so
-- one index serves look-ups and lists.
CREATE TABLE event (
    id              TEXT NOT NULL,
    merchant_id     TEXT NOT NULL,
    mode            TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    type            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    object_id       TEXT NOT NULL,
    sequence        BIGINT NOT NULL CHECK (sequence >= 1),
    family          TEXT NOT NULL,
    data            TEXT NOT NULL,
    request_id      TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    target          TEXT,
    hook            TEXT,
    created_at      BIGINT NOT NULL,
    fanned_out      BOOLEAN NOT NULL,
    PRIMARY KEY (merchant_id, mode, id)
);

-- What is rare is found without a walk over all. What every payment tells of is no part of it, so
-- that it costs them nothing. For a list of more than two words SQLite would make a table each time.
CREATE INDEX event_type ON event (merchant_id, mode, type, id)
    WHERE type <> 'session.open' AND type <> 'session.complete' AND type <> 'payment.created'
    AND type <> 'payment.paid' AND target IS NULL;
-- As for sessions: a protocol beside the native one lists its own events.
CREATE INDEX event_family ON event (merchant_id, mode, family, id) WHERE family <> 'checkout';
CREATE INDEX event_family_type ON event (merchant_id, mode, family, type, id)
    WHERE family <> 'checkout' AND type <> 'session.open' AND type <> 'session.complete'
    AND type <> 'payment.created' AND type <> 'payment.paid' AND target IS NULL;
-- One event tells of one change.
CREATE UNIQUE INDEX event_object ON event (object_id, sequence);
-- Events of one transaction share their time; the sequence puts those of one object in order.
CREATE INDEX event_unsent ON event (created_at, sequence) WHERE fanned_out = FALSE;

CREATE TABLE endpoint (
    id              TEXT PRIMARY KEY,
    merchant_id     TEXT NOT NULL,
    mode            TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family          TEXT NOT NULL,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    events          TEXT NOT NULL,
    enabled         BOOLEAN NOT NULL,
    -- A hook gets the events of the objects that name it, and is in no list.
    hook            BOOLEAN NOT NULL,
    secret          BYTEA NOT NULL,
    previous        BYTEA,
    previous_until  BIGINT,
    disabled_reason TEXT NOT NULL,
    -- It is gone for everybody; what was sent to it is deleted bit by bit, and then the row.
    deleted         BOOLEAN NOT NULL,
    failing_since   BIGINT,
    version         BIGINT NOT NULL CHECK (version >= 1),
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE INDEX endpoint_owner ON endpoint (merchant_id, mode, id);
CREATE INDEX endpoint_list ON endpoint (merchant_id, mode, id)
    WHERE hook = FALSE AND deleted = FALSE;
CREATE INDEX endpoint_deleted ON endpoint (id) WHERE deleted = TRUE;
CREATE UNIQUE INDEX endpoint_hook ON endpoint (merchant_id, mode, family, url)
    WHERE hook = TRUE;

-- What is sent for an event: the same bytes to every endpoint of a family, on every attempt. They
-- have a table of their own so that a delivery, which is updated often, stays narrow.
CREATE TABLE payload (
    event_id TEXT NOT NULL,
    family   TEXT NOT NULL,
    body     BYTEA NOT NULL,
    PRIMARY KEY (event_id, family)
);

-- While a node sends a delivery it holds the lease, and next_attempt_at is when the lease ends.
CREATE TABLE delivery (
    id              TEXT PRIMARY KEY,
    merchant_id     TEXT NOT NULL,
    mode            TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    endpoint_id     TEXT NOT NULL REFERENCES endpoint (id),
    event_id        TEXT NOT NULL,
    type            TEXT NOT NULL,
    object_id       TEXT NOT NULL,
    sequence        BIGINT NOT NULL CHECK (sequence >= 1),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    attempts        BIGINT NOT NULL CHECK (attempts >= 0),
    next_attempt_at BIGINT,
    lease           TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);

CREATE UNIQUE INDEX delivery_event ON delivery (event_id, endpoint_id);
CREATE INDEX delivery_list ON delivery (endpoint_id, id);
CREATE INDEX delivery_due ON delivery (endpoint_id, next_attempt_at, id)
    WHERE state = 'pending';
CREATE INDEX delivery_order ON delivery (endpoint_id, object_id, sequence, id)
    WHERE state = 'pending';
CREATE INDEX delivery_lease ON delivery (lease, endpoint_id, next_attempt_at)
    WHERE lease IS NOT NULL;

CREATE TABLE delivery_attempt (
    delivery_id TEXT NOT NULL REFERENCES delivery (id),
    number      BIGINT NOT NULL CHECK (number >= 1),
    at          BIGINT NOT NULL,
    status      BIGINT NOT NULL,
    duration    BIGINT NOT NULL,
    size        BIGINT NOT NULL,
    error       TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
