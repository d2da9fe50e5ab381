-- +goose Up

CREATE TABLE session (
    id             TEXT PRIMARY KEY,
    merchant_id    TEXT NOT NULL,
    mode           TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family         TEXT NOT NULL,
    echo           BYTEA,
    state          TEXT NOT NULL CHECK (state IN ('open', 'paying', 'complete', 'expired',
                       'canceled')),
    version        BIGINT NOT NULL CHECK (version >= 1),
    -- 0 verifies a method and moves no money.
    amount         BIGINT NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000),
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
    last_decline   TEXT NOT NULL,
    declined_at    BIGINT,
    series         TEXT NOT NULL CHECK (series IN ('', 'first', 'next')),
    offer          TEXT CHECK (offer <> ''),
    method_id      TEXT,
    mandate_id     TEXT,
    expires_at     BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    due_at         BIGINT
);

CREATE INDEX session_list ON session (merchant_id, mode, id);
-- What came to nothing is found without a walk over all. An index of all states would make a payment
-- on SQLite 4 % dearer.
CREATE INDEX session_state ON session (merchant_id, mode, state, id)
    WHERE state IN ('expired', 'canceled');
-- Whoever lists the sessions of one protocol need not walk those of the others. The native protocol
-- sees all, so its own need no index of their own.
CREATE INDEX session_family ON session (merchant_id, mode, family, id) WHERE family <> 'checkout';
CREATE INDEX session_family_state ON session (merchant_id, mode, family, state, id)
    WHERE family <> 'checkout' AND state IN ('expired', 'canceled');
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
    amount          BIGINT NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000),
    currency        TEXT NOT NULL,
    capture         TEXT NOT NULL CHECK (capture IN ('automatic', 'manual')),
    captured        BIGINT NOT NULL,
    refunded        BIGINT NOT NULL,
    received        BIGINT NOT NULL CHECK (received >= 0),
    capturing       BIGINT NOT NULL CHECK (capturing BETWEEN 0 AND amount),
    keep_rest       BOOLEAN NOT NULL,
    captures        BIGINT NOT NULL CHECK (captures >= 0),
    authorised      BIGINT NOT NULL CHECK (authorised BETWEEN 0 AND amount),
    voided          BIGINT NOT NULL CHECK (voided BETWEEN 0 AND authorised),
    held_until      BIGINT,
    method_id       TEXT,
    mandate_id      TEXT,
    off_session     BOOLEAN NOT NULL,
    occurrence      BIGINT,
    attempt         BIGINT NOT NULL CHECK (attempt >= 0),
    window_start    BIGINT,
    keep            BOOLEAN NOT NULL,
    final           BOOLEAN NOT NULL,
    echo            BYTEA,
    rail            TEXT NOT NULL,
    method          TEXT NOT NULL,
    instrument      TEXT NOT NULL,
    description     TEXT NOT NULL,
    metadata        TEXT NOT NULL,
    decline_code    TEXT NOT NULL,
    network_code    TEXT NOT NULL,
    agreement       TEXT,
    hook            TEXT,
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
    CHECK (captured <= amount OR captured <= received),
    CHECK (amount > 0 OR captured = 0 AND received = 0),
    -- What was held is taken or let go once. Money that came late was not held any more.
    CHECK (authorised = 0 OR late_at IS NOT NULL OR captured + voided <= authorised),
    CHECK (occurrence IS NULL OR mandate_id IS NOT NULL)
);

CREATE INDEX payment_list ON payment (merchant_id, mode, id);
-- What most payments go through is no part of it, so that it costs them nothing.
CREATE INDEX payment_state ON payment (merchant_id, mode, state, id)
    WHERE state NOT IN ('created', 'paid');
CREATE INDEX payment_session ON payment (session_id, merchant_id, mode, id)
    WHERE session_id IS NOT NULL;
CREATE INDEX payment_customer ON payment (customer_id, merchant_id, mode, id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX payment_mandate ON payment (mandate_id, merchant_id, mode, id)
    WHERE mandate_id IS NOT NULL;
-- A scheduled charge is tried once per attempt, whoever runs the schedule.
CREATE UNIQUE INDEX payment_occurrence ON payment (mandate_id, occurrence, attempt)
    WHERE occurrence IS NOT NULL;
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
    network_code TEXT NOT NULL,
    echo         BYTEA,
    hook         TEXT,
    rehearsal    TEXT NOT NULL, -- for a simulated network; '' for none
    poll_count   BIGINT NOT NULL CHECK (poll_count >= 0),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    due_at       BIGINT
);

CREATE INDEX refund_list ON refund (merchant_id, mode, id);
CREATE INDEX refund_payment ON refund (payment_id, merchant_id, mode, id);
CREATE INDEX refund_due ON refund (due_at) WHERE due_at IS NOT NULL;
