-- +goose Up

-- Every row moves an amount from one account to another, so that the sum over all accounts is zero
-- by its shape. Rows are only ever added.
CREATE TABLE journal (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    type         TEXT NOT NULL CHECK (type IN ('payment', 'transfer_received', 'settlement',
                     'late_payment', 'refund', 'refund_paid', 'refund_failure')),
    from_account TEXT NOT NULL CHECK (from_account IN ('network', 'merchant', 'unsettled', 'late',
                     'refunds')),
    to_account   TEXT NOT NULL CHECK (to_account IN ('network', 'merchant', 'unsettled', 'late',
                     'refunds')),
    amount       BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency     TEXT NOT NULL,
    payment_id   TEXT NOT NULL REFERENCES payment (id),
    refund_id    TEXT REFERENCES refund (id),
    created_at   BIGINT NOT NULL,
    CHECK (from_account <> to_account)
);

CREATE INDEX journal_list ON journal (merchant_id, mode, id);
CREATE INDEX journal_type ON journal (merchant_id, mode, type, id) WHERE type <> 'payment';
CREATE INDEX journal_payment ON journal (payment_id, id);

-- What the journal of a scope sums to up to an entry and with it, so that nobody has to read all of
-- it to know a balance. Entries behind it are added when the balance is read.
CREATE TABLE folded (
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    entry_id    TEXT NOT NULL,
    PRIMARY KEY (merchant_id, mode)
);

CREATE TABLE folded_balance (
    merchant_id TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    account     TEXT NOT NULL,
    currency    TEXT NOT NULL,
    amount      BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, mode, account, currency)
);
