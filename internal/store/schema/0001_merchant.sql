-- +goose Up

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE merchant (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    return_origins TEXT NOT NULL,
    late_money     TEXT NOT NULL CHECK (late_money IN ('refund', 'hold')),
    clock_offset   BIGINT NOT NULL CHECK (clock_offset >= 0),
    created_at     BIGINT NOT NULL
);

CREATE TABLE api_key (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchant (id),
    mode         TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    kind         TEXT NOT NULL CHECK (kind IN ('sk', 'pk')),
    hash         BYTEA NOT NULL,
    permissions  TEXT NOT NULL,
    networks     TEXT NOT NULL,
    name         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT
);

CREATE INDEX api_key_list ON api_key (merchant_id, id);

CREATE TABLE customer (
    id          TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    email       TEXT,
    name        TEXT NOT NULL,
    phone       TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE INDEX customer_list ON customer (merchant_id, mode, id);
CREATE INDEX customer_email ON customer (email, merchant_id, mode, id) WHERE email IS NOT NULL;
