-- Payments online: of no till, on a rail of their own. A column's CHECK or
-- REFERENCES can only be changed by a new column, on both databases alike.

-- +goose Up

ALTER TABLE connection ADD COLUMN country TEXT NOT NULL DEFAULT ''; -- '' is the merchant's

DROP INDEX payment_open;
DROP INDEX payment_at_terminal;
DROP INDEX payment_counted;
ALTER TABLE payment RENAME COLUMN till_id TO till_before;
ALTER TABLE payment RENAME COLUMN rail TO rail_before;
ALTER TABLE payment RENAME COLUMN progress TO progress_before;
ALTER TABLE payment ADD COLUMN rail TEXT NOT NULL DEFAULT 'qr' CHECK (rail IN ('qr', 'terminal', 'online'));
ALTER TABLE payment ADD COLUMN till_id TEXT REFERENCES till (id);
ALTER TABLE payment ADD COLUMN progress TEXT NOT NULL DEFAULT ''
    CHECK (progress IN ('', 'offered', 'at_terminal', 'confirming', 'canceling', 'authorized'));
UPDATE payment SET rail = rail_before, till_id = till_before, progress = progress_before;
ALTER TABLE payment DROP COLUMN till_before;
ALTER TABLE payment DROP COLUMN rail_before;
ALTER TABLE payment DROP COLUMN progress_before;
CREATE UNIQUE INDEX payment_open ON payment (till_id) WHERE rail <> 'online' AND state IN ('created', 'pending', 'unknown');
CREATE INDEX payment_at_terminal ON payment (merchant_id) WHERE rail = 'terminal' AND state IN ('created', 'pending', 'unknown');
CREATE INDEX payment_counted ON payment (till_id, counted_at) WHERE counted_at > 0;

ALTER TABLE payment ADD COLUMN online TEXT NOT NULL DEFAULT 'null';      -- what was asked online, JSON
ALTER TABLE payment ADD COLUMN next_step TEXT NOT NULL DEFAULT '{}';     -- what the buyer does next, JSON
ALTER TABLE payment ADD COLUMN owner TEXT NOT NULL DEFAULT '';           -- the checkout session or invoice that it pays
ALTER TABLE payment ADD COLUMN capture_at BIGINT NOT NULL DEFAULT 0;     -- when its capture was asked for
ALTER TABLE payment ADD COLUMN capture_key TEXT NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN capture_amount BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_owner ON payment (owner) WHERE owner <> '';

CREATE TABLE chargeback (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    payment_id    TEXT   NOT NULL REFERENCES payment (id),
    connection_id TEXT   NOT NULL,
    provider_id   TEXT   NOT NULL,
    attempt       TEXT   NOT NULL,
    amount        BIGINT NOT NULL CHECK (amount >= 0),
    currency      TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('open', 'evidence_sent', 'won', 'lost', 'covered')),
    reason        TEXT   NOT NULL,
    detail        TEXT   NOT NULL, -- the provider's own words on the evidence
    deadline_at   BIGINT NOT NULL,
    evidence      TEXT   NOT NULL, -- names and sizes of what was handed in, JSON
    sent_at       BIGINT NOT NULL,
    sent_by       TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    warned_at     BIGINT NOT NULL, -- when its deadline was told to be near
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX chargeback_provider ON chargeback (connection_id, provider_id);
CREATE INDEX chargeback_payment ON chargeback (payment_id);
CREATE INDEX chargeback_due ON chargeback (due_at) WHERE due_at > 0;

-- +goose Down

DROP TABLE chargeback;
DROP INDEX payment_owner;
ALTER TABLE payment DROP COLUMN capture_amount;
ALTER TABLE payment DROP COLUMN capture_key;
ALTER TABLE payment DROP COLUMN capture_at;
ALTER TABLE payment DROP COLUMN owner;
ALTER TABLE payment DROP COLUMN next_step;
ALTER TABLE payment DROP COLUMN online;
ALTER TABLE connection DROP COLUMN country;
