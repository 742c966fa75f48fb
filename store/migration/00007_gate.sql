-- The gate to production: how far a live connection may charge. A live
-- connection without a row is closed; one that charged before there were gates
-- goes on charging.

-- +goose Up

CREATE TABLE gate (
    connection_id   TEXT   NOT NULL PRIMARY KEY REFERENCES connection (id),
    merchant_id     TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('closed', 'window', 'pilot', 'open')),
    window_payments BIGINT NOT NULL,
    window_amount   BIGINT NOT NULL, -- minor units
    window_from     BIGINT NOT NULL,
    window_to       BIGINT NOT NULL,
    pilot_store     TEXT   NOT NULL,
    pilot_terminals TEXT   NOT NULL, -- JSON
    reason          TEXT   NOT NULL,
    changed_at      BIGINT NOT NULL,
    changed_by      TEXT   NOT NULL,
    evidence        TEXT   NOT NULL -- what no payment is held to: the shop's pages, their checks, waivers; JSON
);
CREATE INDEX gate_merchant ON gate (merchant_id);

INSERT INTO gate (connection_id, merchant_id, state, window_payments, window_amount, window_from, window_to,
    pilot_store, pilot_terminals, reason, changed_at, changed_by, evidence)
SELECT id, merchant_id, 'open', 0, 0, 0, 0, '', '[]', 'charging before the gate existed', updated_at, '', '{}'
FROM connection WHERE mode = 'live' AND id IN (SELECT connection_id FROM payment WHERE mode = 'live');

-- What passed a window, and how a pilot goes.
CREATE INDEX payment_live ON payment (connection_id, created_at) WHERE mode = 'live';

-- The application that the credentials are of, and the credentials that a swap
-- replaces, sealed, until it ends.
ALTER TABLE connection ADD COLUMN application TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN previous BYTEA NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN swap_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connection ADD COLUMN swap_to BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connection ADD COLUMN swap_by TEXT NOT NULL DEFAULT '';

-- +goose Down

ALTER TABLE connection DROP COLUMN swap_by;
ALTER TABLE connection DROP COLUMN swap_to;
ALTER TABLE connection DROP COLUMN swap_from;
ALTER TABLE connection DROP COLUMN previous;
ALTER TABLE connection DROP COLUMN application;
DROP INDEX payment_live;
DROP TABLE gate;
