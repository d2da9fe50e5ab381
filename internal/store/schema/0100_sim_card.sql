-- +goose Up

-- The records of the simulated card network. They are another party's: nothing refers to them from
-- the product's own tables, and they refer to nothing there.

CREATE TABLE sim_card_payment (
  payment_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  scenario TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0), -- 0: closed before it ever arrived
  currency TEXT NOT NULL,
  manual BOOLEAN NOT NULL,
  card_mac BYTEA NOT NULL,
  brand TEXT NOT NULL,
  last4 TEXT NOT NULL CHECK (length(last4) <= 4),
  exp_month BIGINT NOT NULL,
  exp_year BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  token_hash BYTEA,
  prompt_until BIGINT, -- server time; every other time here is the merchant's
  return_url TEXT NOT NULL,
  approved BOOLEAN,
  answered_at BIGINT,
  captured BIGINT NOT NULL CHECK (captured BETWEEN 0 AND amount),
  captured_at BIGINT,
  voided_at BIGINT,
  CHECK ((approved IS NULL) = (answered_at IS NULL)),
  CHECK (captured_at IS NULL OR voided_at IS NULL)
);

CREATE UNIQUE INDEX sim_card_payment_token
  ON sim_card_payment (token_hash) WHERE token_hash IS NOT NULL;

CREATE INDEX sim_card_payment_prompt
  ON sim_card_payment (merchant_id) WHERE token_hash IS NOT NULL AND approved IS NULL;

-- The ledger. The key is the payment of a debit or the refund of a credit, so neither can be
-- booked twice. An entry whose time lies ahead is planned, not booked.
CREATE TABLE sim_card_entry (
  entry_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('debit', 'credit')),
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  posted_at BIGINT NOT NULL
);

CREATE TABLE sim_card_refund (
  refund_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  settles_at BIGINT NOT NULL,
  fails BOOLEAN NOT NULL
);

CREATE INDEX sim_card_refund_payment ON sim_card_refund (payment_id);

-- Notifications to be sent. A delivered one is deleted; two rows may carry the same notice_id.
CREATE TABLE sim_card_notice (
  row_id TEXT PRIMARY KEY,
  notice_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  type TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL
);

CREATE INDEX sim_card_notice_due ON sim_card_notice (due_at);

-- What the network refused because it contradicts what it was told before.
CREATE TABLE sim_card_incident (
  incident_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  what TEXT NOT NULL,
  happened_at BIGINT NOT NULL
);

-- +goose Down

DROP TABLE sim_card_incident;
DROP TABLE sim_card_notice;
DROP TABLE sim_card_refund;
DROP TABLE sim_card_entry;
DROP TABLE sim_card_payment;
