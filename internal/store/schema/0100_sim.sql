-- +goose Up

-- The records of the simulated networks, each row under the network's name. They are another
-- party's: nothing refers to them from the product's own tables, and they refer to nothing there.

CREATE TABLE sim_payment (
  rail TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  reference TEXT NOT NULL, -- the network's own; '' for a payment closed before it ever arrived
  scenario TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0), -- 0: closed before it ever arrived
  currency TEXT NOT NULL,
  manual BOOLEAN NOT NULL,
  mac BYTEA NOT NULL,
  kept TEXT NOT NULL, -- the token of the credential that it leaves; '' for none
  terms TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT,
  token_hash BYTEA,
  prompt_until BIGINT, -- server time; every other time here is the merchant's
  return_url TEXT NOT NULL,
  answer TEXT NOT NULL CHECK (answer IN ('', 'approve', 'reject', 'wrong')),
  answered_at BIGINT,
  tries BIGINT NOT NULL CHECK (tries >= 0),
  resends BIGINT NOT NULL CHECK (resends >= 0),
  received BIGINT NOT NULL CHECK (received >= 0),
  captured BIGINT NOT NULL CHECK (captured BETWEEN 0 AND amount),
  captured_at BIGINT,
  voided_at BIGINT,
  PRIMARY KEY (rail, payment_id),
  CHECK ((answer = '') = (answered_at IS NULL)),
  CHECK ((captured = 0) = (captured_at IS NULL))
);

CREATE UNIQUE INDEX sim_payment_reference ON sim_payment (rail, reference)
  WHERE reference <> '';

CREATE UNIQUE INDEX sim_payment_token ON sim_payment (rail, token_hash)
  WHERE token_hash IS NOT NULL;

CREATE INDEX sim_payment_prompt ON sim_payment (rail, merchant_id, prompt_until)
  WHERE prompt_until IS NOT NULL;

-- The captures of held money, each under the number that the merchant gave it.
CREATE TABLE sim_capture (
  rail TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  number BIGINT NOT NULL CHECK (number > 0),
  amount BIGINT NOT NULL CHECK (amount > 0),
  PRIMARY KEY (rail, payment_id, number)
);

-- What payers left to be charged again: what may be shown of it and how it is treated, never the
-- number itself.
CREATE TABLE sim_credential (
  rail TEXT NOT NULL,
  token TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  scenario TEXT NOT NULL,
  terms TEXT NOT NULL,
  rehearsal TEXT NOT NULL, -- the scenario of the next charge alone; '' for none
  PRIMARY KEY (rail, token)
);

-- The ledger. The key is the payment of a debit, with the number of a capture; the refund of a
-- credit; or the deposit of a transfer, so that none can be booked twice. An entry whose time lies ahead is planned, not
-- booked.
CREATE TABLE sim_entry (
  rail TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('debit', 'credit')),
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  posted_at BIGINT NOT NULL,
  PRIMARY KEY (rail, entry_id)
);

CREATE TABLE sim_refund (
  rail TEXT NOT NULL,
  refund_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  settles_at BIGINT NOT NULL,
  fails BOOLEAN NOT NULL,
  PRIMARY KEY (rail, refund_id)
);

CREATE INDEX sim_refund_payment ON sim_refund (rail, payment_id);

-- Notifications to be sent. A delivered one is deleted; two rows may carry the same notice_id.
CREATE TABLE sim_notice (
  row_id TEXT PRIMARY KEY,
  rail TEXT NOT NULL,
  notice_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  type TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL
);

CREATE INDEX sim_notice_due ON sim_notice (rail, due_at);
CREATE INDEX sim_notice_payment ON sim_notice (rail, payment_id);

-- What a network refused because it contradicts what it was told before.
CREATE TABLE sim_incident (
  incident_id TEXT PRIMARY KEY,
  rail TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  what TEXT NOT NULL,
  happened_at BIGINT NOT NULL
);

-- How a network treats a merchant; no row is a good day.
CREATE TABLE sim_behaviour (
  rail TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  down BOOLEAN NOT NULL,
  settings TEXT NOT NULL,
  PRIMARY KEY (rail, merchant_id)
);

-- +goose Down

DROP TABLE sim_behaviour;
DROP TABLE sim_incident;
DROP TABLE sim_notice;
DROP TABLE sim_refund;
DROP TABLE sim_entry;
DROP TABLE sim_credential;
DROP TABLE sim_capture;
DROP TABLE sim_payment;
