-- Endpoints of merchants' systems, and what is sent to them.

-- +goose Up

CREATE TABLE endpoint (
    id             TEXT   NOT NULL,
    merchant_id    TEXT   NOT NULL REFERENCES merchant (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    url            TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    events         TEXT   NOT NULL, -- types that are sent, JSON
    sealed         BYTEA  NOT NULL, -- the secret that signs
    state          TEXT   NOT NULL CHECK (state IN ('enabled', 'disabled')),
    reason         TEXT   NOT NULL CHECK (reason IN ('', 'person', 'gone')),
    after_position BIGINT NOT NULL, -- events after it are sent
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    removed_at     BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CHECK ((state = 'enabled') = (reason = ''))
);

CREATE TABLE delivery (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    endpoint_id TEXT   NOT NULL,
    event_id    TEXT   NOT NULL,
    type        TEXT   NOT NULL,
    test        BIGINT NOT NULL CHECK (test IN (0, 1)),
    body        BYTEA  NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    reason      TEXT   NOT NULL CHECK (reason IN ('', 'gone', 'disabled', 'removed', 'refused', 'exhausted')),
    tries       BIGINT NOT NULL, -- since it was last asked for
    refusals    BIGINT NOT NULL,
    attempts    BIGINT NOT NULL, -- rows of delivery_attempt
    claim       BIGINT NOT NULL, -- grows with each claim
    status      BIGINT NOT NULL, -- of the last answer, 0 for none
    due_at      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, endpoint_id) REFERENCES endpoint (merchant_id, id),
    -- An event is sent to an endpoint once, whoever publishes it how often.
    UNIQUE (merchant_id, endpoint_id, event_id),
    -- Nothing is lost: what is pending comes due, what has ended does not.
    CHECK ((state = 'pending') = (due_at > 0)),
    CHECK ((state = 'dead') = (reason <> ''))
);
CREATE INDEX delivery_due ON delivery (merchant_id, endpoint_id, due_at) WHERE due_at > 0;
CREATE INDEX delivery_state ON delivery (merchant_id, endpoint_id, state, id);

CREATE TABLE delivery_attempt (
    merchant_id TEXT   NOT NULL,
    delivery_id TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    duration    BIGINT NOT NULL, -- microseconds
    status      BIGINT NOT NULL,
    answer      BYTEA  NOT NULL, -- its first bytes
    failure     TEXT   NOT NULL,
    error       TEXT   NOT NULL,
    PRIMARY KEY (merchant_id, delivery_id, number),
    FOREIGN KEY (merchant_id, delivery_id) REFERENCES delivery (merchant_id, id)
);

-- The last event that deliveries were made of. What happened before there were
-- endpoints is sent to none.
CREATE TABLE event_publisher (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL
);
INSERT INTO event_publisher (id, position) SELECT 1, last FROM event_counter WHERE id = 1;

-- +goose Down

DROP TABLE event_publisher;
DROP TABLE delivery_attempt;
DROP TABLE delivery;
DROP TABLE endpoint;
