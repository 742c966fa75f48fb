-- What is sold online: products, payment links, checkout sessions.

-- +goose Up

CREATE TABLE product (
    id            TEXT   NOT NULL UNIQUE,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    name          TEXT   NOT NULL,
    description   TEXT   NOT NULL,
    category      TEXT   NOT NULL,
    picture_url   TEXT   NOT NULL,
    price         BIGINT NOT NULL CHECK (price > 0),
    currency      TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('active', 'archived')),
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);

CREATE TABLE payment_link (
    id            TEXT   NOT NULL UNIQUE,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    token         TEXT   NOT NULL UNIQUE,
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    product_id    TEXT   NOT NULL, -- '' for none
    title         TEXT   NOT NULL,
    description   TEXT   NOT NULL,
    category      TEXT   NOT NULL,
    picture_url   TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    amount        BIGINT NOT NULL CHECK (amount >= 0),
    open_amount   TEXT   NOT NULL, -- JSON
    max_quantity  BIGINT NOT NULL CHECK (max_quantity >= 1),
    reference     TEXT   NOT NULL,
    terms         TEXT   NOT NULL, -- JSON
    state         TEXT   NOT NULL CHECK (state IN ('active', 'disabled')),
    expires_at    BIGINT NOT NULL,
    max_uses      BIGINT NOT NULL CHECK (max_uses >= 0),
    stock         BIGINT NOT NULL CHECK (stock >= -1), -- -1 for no limit
    used          BIGINT NOT NULL CHECK (used >= 0),
    sold          BIGINT NOT NULL CHECK (sold >= 0),
    held_uses     BIGINT NOT NULL CHECK (held_uses >= 0),
    held_units    BIGINT NOT NULL CHECK (held_units >= 0),
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);

CREATE TABLE checkout_session (
    id            TEXT   NOT NULL UNIQUE,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    token         TEXT   NOT NULL UNIQUE,
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    country       TEXT   NOT NULL,
    link_id       TEXT   NOT NULL, -- '' where the API began it
    title         TEXT   NOT NULL,
    description   TEXT   NOT NULL,
    picture_url   TEXT   NOT NULL,
    items         TEXT   NOT NULL, -- JSON
    amount        BIGINT NOT NULL CHECK (amount >= 0), -- 0 until the buyer chose an open one
    currency      TEXT   NOT NULL,
    open_amount   TEXT   NOT NULL, -- JSON
    quantity      BIGINT NOT NULL CHECK (quantity >= 1),
    max_quantity  BIGINT NOT NULL,
    reference     TEXT   NOT NULL,
    terms         TEXT   NOT NULL, -- JSON
    cancel_url    TEXT   NOT NULL,
    buyer         TEXT   NOT NULL, -- JSON
    shipment      TEXT   NOT NULL, -- JSON
    state         TEXT   NOT NULL CHECK (state IN ('open', 'complete', 'expired', 'canceled')),
    attention     TEXT   NOT NULL CHECK (attention IN ('', 'paid_twice')),
    tries         BIGINT NOT NULL CHECK (tries >= 0),
    payment_id    TEXT   NOT NULL, -- the last that was begun, stored or not
    begun_at      BIGINT NOT NULL,
    held_units    BIGINT NOT NULL CHECK (held_units >= 0), -- of the link
    touched       BIGINT NOT NULL CHECK (touched IN (0, 1)),
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    completed_at  BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CHECK ((tries > 0) = (payment_id <> '')),
    CHECK ((state = 'complete') = (completed_at > 0)),
    -- What is open comes due, and only it holds anything.
    CHECK ((state = 'open') = (due_at > 0)),
    CHECK (held_units = 0 OR state = 'open' AND payment_id <> '')
);
CREATE INDEX checkout_session_due ON checkout_session (due_at) WHERE due_at > 0;
CREATE INDEX checkout_session_link ON checkout_session (link_id, id) WHERE link_id <> '';

-- The last event of a payment that sessions were brought up to date with.
CREATE TABLE checkout_reader (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL
);
INSERT INTO checkout_reader (id, position) SELECT 1, last FROM event_counter WHERE id = 1;

-- +goose Down

DROP TABLE checkout_reader;
DROP TABLE checkout_session;
DROP TABLE payment_link;
DROP TABLE product;
