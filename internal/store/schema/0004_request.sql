-- +goose Up

CREATE TABLE idempotency (
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    key         TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    object_id   TEXT NOT NULL,
    status      BIGINT,
    body        BYTEA,
    sealed      BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, mode, key),
    CHECK ((status IS NULL) = (body IS NULL))
);

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE inbox (
    rail        TEXT NOT NULL,
    notice_id   TEXT NOT NULL,
    payment_id  TEXT NOT NULL,
    token       TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'matched', 'unmatched')),
    tries       BIGINT NOT NULL CHECK (tries >= 0),
    received_at BIGINT NOT NULL,
    due_at      BIGINT,
    PRIMARY KEY (rail, notice_id),
    CHECK ((state = 'pending') = (due_at IS NOT NULL))
);

CREATE INDEX inbox_due ON inbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_done ON inbox (received_at) WHERE due_at IS NULL;

-- The ids that merchants choose themselves, one name-space for each kind of object of a family.
CREATE TABLE alias (
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    family      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    foreign_id  TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    PRIMARY KEY (merchant_id, mode, family, kind, foreign_id)
);
