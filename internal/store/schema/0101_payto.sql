-- +goose Up

-- The agreements that payers gave at their banks, as the network of the simulated agreements keeps
-- them. Like all records of a simulated network they are another party's. Times are the merchant's.
CREATE TABLE sim_agreement (
  rail TEXT NOT NULL,
  token TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL, -- that it was made with
  scenario TEXT NOT NULL, -- what the payer's bank does about it by itself
  offer TEXT NOT NULL, -- what was agreed to
  payto TEXT NOT NULL, -- the account it draws on now
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'cancelled')),
  version BIGINT NOT NULL CHECK (version >= 0),
  party TEXT NOT NULL CHECK (party IN ('', 'merchant', 'bank', 'network')), -- who changed it last
  code TEXT NOT NULL, -- the reason; '' while nothing stands in its way
  created_at BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  active_at BIGINT,
  changed_at BIGINT NOT NULL,
  spent_at BIGINT, -- when the last payment that was agreed to settles
  count BIGINT NOT NULL CHECK (count >= 0), -- payments that succeeded or will, and their sum
  total BIGINT NOT NULL CHECK (total >= 0),
  window_at BIGINT NOT NULL, -- the start of the period that the next two are of; 0 for none
  window_count BIGINT NOT NULL CHECK (window_count >= 0),
  window_total BIGINT NOT NULL CHECK (window_total >= 0),
  failures BIGINT NOT NULL CHECK (failures >= 0), -- in a row
  actions TEXT NOT NULL, -- what was to be changed of the offer, and what became of that
  PRIMARY KEY (rail, token)
);

CREATE UNIQUE INDEX sim_agreement_payment ON sim_agreement (rail, payment_id);
CREATE INDEX sim_agreement_merchant ON sim_agreement (rail, merchant_id, created_at);

-- The agreement that a payment rests on; '' for none.
ALTER TABLE sim_payment ADD COLUMN agreement TEXT NOT NULL DEFAULT '';

-- The agreement that a notification is about; '' when it is about a payment alone.
ALTER TABLE sim_notice ADD COLUMN agreement TEXT NOT NULL DEFAULT '';

-- The network's word for how the payment stood by then; '' when it has none.
ALTER TABLE sim_notice ADD COLUMN status TEXT NOT NULL DEFAULT '';

CREATE INDEX sim_notice_agreement ON sim_notice (rail, agreement);

-- The network's own word for why a refund failed.
ALTER TABLE sim_refund ADD COLUMN code TEXT NOT NULL DEFAULT '';

-- +goose Down

ALTER TABLE sim_refund DROP COLUMN code;
DROP INDEX sim_notice_agreement;
ALTER TABLE sim_notice DROP COLUMN status;
ALTER TABLE sim_notice DROP COLUMN agreement;
ALTER TABLE sim_payment DROP COLUMN agreement;
DROP TABLE sim_agreement;
