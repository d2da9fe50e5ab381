-- +goose Up

CREATE TABLE session (
    id             TEXT PRIMARY KEY,
    merchant_id    TEXT NOT NULL,
    mode           TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family         TEXT NOT NULL,
    echo           BYTEA,
    state          TEXT NOT NULL CHECK (state IN ('open', 'paying', 'complete', 'expired')),
    version        BIGINT NOT NULL CHECK (version >= 1),
    amount         BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency       TEXT NOT NULL,
    capture        TEXT NOT NULL CHECK (capture IN ('automatic', 'manual')),
    methods        TEXT NOT NULL,
    customer_id    TEXT,
    customer_email TEXT NOT NULL,
    customer_phone TEXT NOT NULL,
    success_url    TEXT NOT NULL,
    cancel_url     TEXT NOT NULL,
    metadata       TEXT NOT NULL,
    payment_id     TEXT,
    declines       BIGINT NOT NULL CHECK (declines >= 0),
    expires_at     BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    due_at         BIGINT
);

CREATE INDEX session_list ON session (merchant_id, mode, id);
CREATE INDEX session_customer ON session (customer_id, merchant_id, mode, id)
    WHERE customer_id IS NOT NULL;
-- A payment belongs to one session at most.
CREATE UNIQUE INDEX session_payment ON session (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX session_due ON session (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE payment (
    id              TEXT PRIMARY KEY,
    merchant_id     TEXT NOT NULL,
    mode            TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family          TEXT NOT NULL,
    session_id      TEXT REFERENCES session (id),
    customer_id     TEXT,
    state           TEXT NOT NULL CHECK (state IN ('created', 'action', 'waiting', 'authorised',
                        'paid', 'failed', 'canceled', 'review', 'late', 'underpaid',
                        'overpaid')),
    version         BIGINT NOT NULL CHECK (version >= 1),
    amount          BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency        TEXT NOT NULL,
    capture         TEXT NOT NULL CHECK (capture IN ('automatic', 'manual')),
    captured        BIGINT NOT NULL,
    refunded        BIGINT NOT NULL,
    received        BIGINT NOT NULL CHECK (received >= 0),
    capturing       BIGINT NOT NULL CHECK (capturing BETWEEN 0 AND amount),
    rail            TEXT NOT NULL,
    method          TEXT NOT NULL,
    instrument      TEXT NOT NULL,
    description     TEXT NOT NULL,
    metadata        TEXT NOT NULL,
    decline_code    TEXT NOT NULL,
    rail_reference  TEXT NOT NULL,
    action          TEXT NOT NULL,
    action_url      TEXT NOT NULL,
    poll_count      BIGINT NOT NULL CHECK (poll_count >= 0),
    late_at         BIGINT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    due_at          BIGINT,
    CHECK (0 <= refunded AND refunded <= captured),
    -- A transfer may bring more than was asked for; nothing else can.
    CHECK (captured <= amount OR captured <= received)
);

CREATE INDEX payment_list ON payment (merchant_id, mode, id);
CREATE INDEX payment_session ON payment (session_id, merchant_id, mode, id)
    WHERE session_id IS NOT NULL;
CREATE INDEX payment_customer ON payment (customer_id, merchant_id, mode, id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE refund (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family       TEXT NOT NULL,
    payment_id   TEXT NOT NULL REFERENCES payment (id),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    version      BIGINT NOT NULL CHECK (version >= 1),
    amount       BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    failure_code TEXT NOT NULL,
    poll_count   BIGINT NOT NULL CHECK (poll_count >= 0),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    due_at       BIGINT
);

CREATE INDEX refund_list ON refund (merchant_id, mode, id);
CREATE INDEX refund_payment ON refund (payment_id, merchant_id, mode, id);
CREATE INDEX refund_due ON refund (due_at) WHERE due_at IS NOT NULL;
