-- +goose Up

-- Newest payments of a connection.
CREATE INDEX payment_connection ON payment (connection_id, id);
-- What was done on a connection, other than charging and looking, which is most of all.
CREATE INDEX provider_call_done ON provider_call (connection_id, started_at) WHERE operation NOT IN ('create', 'enquiry', 'fetch');

-- What the provider's rules make of a payment; docs/decisions.md says what they are worth.
CREATE TABLE quality_measurement (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    kind          TEXT   NOT NULL CHECK (kind IN ('manual', 'automatic')),
    result        TEXT   NOT NULL CHECK (result IN ('measured', 'not_measurable')),
    reason        TEXT   NOT NULL,
    product       TEXT   NOT NULL,
    rules         TEXT   NOT NULL, -- their version
    payment_id    TEXT   NOT NULL,
    asked         TEXT   NOT NULL, -- what a person typed to name it
    score         BIGINT NOT NULL, -- 0 to 100; -1 unless measured
    threshold     BIGINT NOT NULL,
    findings      TEXT   NOT NULL,
    month         TEXT   NOT NULL, -- of an automatic one, "2026-11"
    made_by       TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    visible_at    BIGINT NOT NULL,
    due_at        BIGINT NOT NULL, -- when to tell of it; 0 once told
    PRIMARY KEY (merchant_id, id),
    CHECK (result = 'measured' AND score BETWEEN 0 AND 100 AND reason = '' AND payment_id <> ''
        OR result = 'not_measurable' AND score = -1 AND reason <> '')
);
CREATE UNIQUE INDEX quality_measurement_month ON quality_measurement (connection_id, month) WHERE kind = 'automatic';
CREATE INDEX quality_measurement_connection ON quality_measurement (connection_id, id);
CREATE INDEX quality_measurement_due ON quality_measurement (due_at) WHERE due_at > 0;

-- The provider's own results, as people read them in its panel.
CREATE TABLE quality_official (
    id               TEXT   NOT NULL,
    merchant_id      TEXT   NOT NULL,
    connection_id    TEXT   NOT NULL REFERENCES connection (id),
    score            BIGINT NOT NULL CHECK (score BETWEEN 0 AND 100),
    measured_on      TEXT   NOT NULL, -- a day, "2026-11-20"
    provider_payment TEXT   NOT NULL,
    payment_id       TEXT   NOT NULL, -- ours, '' where it is not known
    made_by          TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX quality_official_connection ON quality_official (connection_id, measured_on, id);

-- When a connection's next automatic measurement is due. id is the connection's.
CREATE TABLE quality_slot (
    id          TEXT   NOT NULL REFERENCES connection (id),
    merchant_id TEXT   NOT NULL,
    slot_at     BIGINT NOT NULL, -- 0: not planned yet
    due_at      BIGINT NOT NULL, -- the same, or the end of a lease
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX quality_slot_due ON quality_slot (due_at) WHERE due_at > 0;

CREATE TABLE quality_threshold (
    connection_id TEXT   NOT NULL PRIMARY KEY REFERENCES connection (id),
    score         BIGINT NOT NULL CHECK (score BETWEEN 1 AND 100)
);

-- +goose Down

DROP TABLE quality_threshold;
DROP TABLE quality_slot;
DROP TABLE quality_official;
DROP TABLE quality_measurement;
DROP INDEX provider_call_done;
DROP INDEX payment_connection;
