-- +goose Up

-- A rail may give one token to the same card of two customers, and one card may be saved again
-- after it was detached: neither the token nor the instrument is unique. An agreement at a bank is a
-- method of its own.
CREATE TABLE method (
    id          TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family      TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('active', 'detached')),
    version     BIGINT NOT NULL CHECK (version >= 1),
    rail        TEXT NOT NULL,
    type        TEXT NOT NULL,
    instrument  TEXT NOT NULL,
    token       TEXT NOT NULL,
    token_version BIGINT NOT NULL CHECK (token_version >= 0),
    payment_id  TEXT NOT NULL REFERENCES payment (id),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE INDEX method_list ON method (merchant_id, mode, state, id);
CREATE UNIQUE INDEX method_agreement ON method (rail, token) WHERE type = 'payto';
CREATE INDEX method_customer ON method (customer_id, merchant_id, mode, id);

-- The bounds stand beside the terms they come from, so that no more is ever charged than was
-- agreed to, whatever the server believes. NULL is no bound.
CREATE TABLE mandate (
    id          TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family      TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    method_id   TEXT NOT NULL REFERENCES method (id),
    session_id  TEXT NOT NULL REFERENCES session (id),
    state       TEXT NOT NULL CHECK (state IN ('active', 'paused', 'canceled', 'expired',
                    'completed')),
    version     BIGINT NOT NULL CHECK (version >= 1),
    currency    TEXT NOT NULL,
    terms       TEXT NOT NULL CHECK (terms <> ''), -- no terms at all would permit anything
    consent     TEXT NOT NULL,
    used_count  BIGINT NOT NULL CHECK (used_count >= 0),
    used_total  BIGINT NOT NULL CHECK (used_total >= 0),
    max_count   BIGINT,
    max_total   BIGINT,
    schedule    TEXT CHECK (schedule <> ''),
    next_at     BIGINT,
    try_at      BIGINT,
    failures    BIGINT NOT NULL CHECK (failures >= 0),
    retry       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    network_code TEXT NOT NULL,
    payto       TEXT CHECK (payto <> ''),
    description TEXT NOT NULL, -- what the payer reads at their bank
    proposal    TEXT CHECK (proposal <> ''), -- what they have yet to agree to there
    look_at     BIGINT,
    echo        BYTEA,
    hook        TEXT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    due_at      BIGINT,
    CONSTRAINT mandate_count_bound CHECK (used_count <= max_count),
    CONSTRAINT mandate_total_bound CHECK (used_total <= max_total)
);

CREATE INDEX mandate_list ON mandate (merchant_id, mode, state, id);
CREATE INDEX mandate_scheduled ON mandate (merchant_id, mode, state, id)
    WHERE schedule IS NOT NULL;
CREATE INDEX mandate_customer ON mandate (customer_id, merchant_id, mode, id);
CREATE INDEX mandate_method ON mandate (method_id, merchant_id, mode, id);
-- A session gives one mandate at a time.
CREATE UNIQUE INDEX mandate_session ON mandate (session_id) WHERE state IN ('active', 'paused');
CREATE INDEX mandate_due ON mandate (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE mandate_window (
    mandate_id  TEXT NOT NULL REFERENCES mandate (id),
    start_at    BIGINT NOT NULL,
    used_count  BIGINT NOT NULL CHECK (used_count >= 0),
    used_amount BIGINT NOT NULL CHECK (used_amount >= 0),
    max_count   BIGINT,
    max_amount  BIGINT,
    PRIMARY KEY (mandate_id, start_at),
    CONSTRAINT window_count_bound CHECK (used_count <= max_count),
    CONSTRAINT window_amount_bound CHECK (used_amount <= max_amount)
);
