-- One text for SQLite and PostgreSQL. Times are microseconds UTC, 0 for none;
-- money is minor units; booleans are 0 or 1; JSON is TEXT; bytes are BYTEA.
-- Tables that grow without bound have keys that start with the merchant.

-- +goose Up

CREATE TABLE merchant (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    country    TEXT   NOT NULL,
    time_zone  TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE connection (
    id          TEXT   NOT NULL PRIMARY KEY,
    merchant_id TEXT   NOT NULL REFERENCES merchant (id),
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    provider    TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    config      TEXT   NOT NULL,
    sealed      BYTEA  NOT NULL,
    refund_late BIGINT NOT NULL CHECK (refund_late IN (0, 1)),
    account     TEXT   NOT NULL,
    checked_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX connection_merchant ON connection (merchant_id);

CREATE TABLE user_account (
    id          TEXT   NOT NULL PRIMARY KEY,
    merchant_id TEXT   NOT NULL REFERENCES merchant (id),
    email       TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    password    TEXT   NOT NULL,
    language    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE api_key (
    id          TEXT   NOT NULL PRIMARY KEY,
    merchant_id TEXT   NOT NULL REFERENCES merchant (id),
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    name        TEXT   NOT NULL,
    prefix      TEXT   NOT NULL,
    hash        TEXT   NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    used_at     BIGINT NOT NULL,
    revoked_at  BIGINT NOT NULL
);
CREATE INDEX api_key_merchant ON api_key (merchant_id);

CREATE TABLE login_session (
    hash       TEXT   NOT NULL PRIMARY KEY,
    data       BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX login_session_expires ON login_session (expires_at);

CREATE TABLE store (
    id            TEXT   NOT NULL PRIMARY KEY,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    name          TEXT   NOT NULL,
    address       TEXT   NOT NULL,
    provider_ref  TEXT   NOT NULL,
    close_at      TEXT   NOT NULL, -- hour at which its terminals close their batches, "23:30"; '' for never
    close_due_at  BIGINT NOT NULL, -- next time that they do
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    removed_at    BIGINT NOT NULL
);
CREATE INDEX store_close_due ON store (close_due_at) WHERE close_due_at > 0;
CREATE INDEX store_merchant ON store (merchant_id, mode);

CREATE TABLE till (
    id            TEXT   NOT NULL PRIMARY KEY,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    store_id      TEXT   NOT NULL REFERENCES store (id),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    name          TEXT   NOT NULL,
    provider_ref  TEXT   NOT NULL,
    qr            TEXT   NOT NULL,
    image         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    removed_at    BIGINT NOT NULL
);
CREATE INDEX till_merchant ON till (merchant_id, mode);

-- A card terminal of a store. tills are those that charge on it, none for all
-- of the store.
CREATE TABLE terminal (
    id            TEXT   NOT NULL PRIMARY KEY,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    store_id      TEXT   NOT NULL REFERENCES store (id),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    code          TEXT   NOT NULL, -- the provider's own id
    name          TEXT   NOT NULL,
    tills         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    removed_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX terminal_code ON terminal (connection_id, code) WHERE removed_at = 0;
CREATE INDEX terminal_merchant ON terminal (merchant_id, mode);
CREATE INDEX terminal_store ON terminal (store_id);

CREATE TABLE shift (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    till_id     TEXT   NOT NULL REFERENCES till (id),
    opened_by   TEXT   NOT NULL,
    opened_at   BIGINT NOT NULL,
    closed_by   TEXT   NOT NULL,
    closed_at   BIGINT NOT NULL,
    report      TEXT   NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX shift_open ON shift (till_id) WHERE closed_at = 0;
CREATE INDEX shift_till ON shift (merchant_id, till_id, id);

-- A payment's facts are the truth; state, attention and amounts are read off
-- them by payment.Compute, and kept in columns to be found by.
CREATE TABLE payment (
    id             TEXT   NOT NULL UNIQUE,
    merchant_id    TEXT   NOT NULL,
    mode           TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id  TEXT   NOT NULL,
    store_id       TEXT   NOT NULL,
    till_id        TEXT   NOT NULL REFERENCES till (id),
    amount         BIGINT NOT NULL CHECK (amount > 0),
    currency       TEXT   NOT NULL,
    reference      TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    items          TEXT   NOT NULL,
    rail           TEXT   NOT NULL CHECK (rail IN ('qr', 'terminal')),
    terminals      TEXT   NOT NULL,
    options        TEXT   NOT NULL,
    created_by     TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('created', 'pending', 'unknown', 'paid', 'partially_refunded',
                       'refunded', 'disputed', 'charged_back', 'rejected', 'canceled', 'expired', 'failed')),
    attention      TEXT   NOT NULL CHECK (attention IN ('', 'paid_late', 'shortfall', 'overpaid', 'mismatch', 'review', 'slip')),
    captured       BIGINT NOT NULL CHECK (captured >= 0),
    refunded       BIGINT NOT NULL CHECK (refunded >= 0),
    paid_at        BIGINT NOT NULL,
    declined       BIGINT NOT NULL,
    last_detail    TEXT   NOT NULL,
    progress       TEXT   NOT NULL CHECK (progress IN ('', 'offered', 'at_terminal', 'confirming', 'canceling')),
    facts          TEXT   NOT NULL,
    settled        TEXT   NOT NULL,
    provider_order TEXT   NOT NULL,
    qr             TEXT   NOT NULL,
    create_key     TEXT   NOT NULL,
    cancel_key     TEXT   NOT NULL,
    cancel_at      BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    enquiries      BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    counted_at     BIGINT NOT NULL, -- the later of ended_at and paid_at, once ended: where a till's report counts it
    taken_by       TEXT   NOT NULL, -- the provider's id of the terminal that moved the money
    taken_at       BIGINT NOT NULL, -- when it is first known to have done so
    words          TEXT   NOT NULL, -- the provider's ids and last fours, lower case, each between spaces
    reference_text TEXT   NOT NULL, -- the reference in lower case
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX payment_open ON payment (till_id) WHERE state IN ('created', 'pending', 'unknown');
CREATE INDEX payment_at_terminal ON payment (merchant_id) WHERE rail = 'terminal' AND state IN ('created', 'pending', 'unknown');
CREATE INDEX payment_taken_by ON payment (merchant_id, taken_by, taken_at) WHERE taken_by <> '';
CREATE INDEX payment_due ON payment (due_at) WHERE due_at > 0;
CREATE INDEX payment_counted ON payment (till_id, counted_at) WHERE counted_at > 0;
CREATE INDEX payment_attention ON payment (merchant_id, id) WHERE attention <> '';

CREATE TABLE refund (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    payment_id  TEXT   NOT NULL REFERENCES payment (id),
    till_id     TEXT   NOT NULL, -- the payment's
    amount      BIGINT NOT NULL CHECK (amount > 0),
    currency    TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('refund', 'reversal')),
    terminals   TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    cancel_at   BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('pending', 'unknown', 'succeeded', 'failed')),
    parts       TEXT   NOT NULL,
    origin      TEXT   NOT NULL,
    tries       BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    returned_at BIGINT NOT NULL, -- when it first succeeded
    done_by     TEXT   NOT NULL, -- the provider's id of the terminal that gave it back
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX refund_done_by ON refund (merchant_id, done_by, returned_at) WHERE done_by <> '';
CREATE INDEX refund_at_terminal ON refund (merchant_id) WHERE expires_at > 0 AND state IN ('pending', 'unknown');
CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_due ON refund (due_at) WHERE due_at > 0;
CREATE INDEX refund_returned ON refund (till_id, returned_at) WHERE returned_at > 0;

-- A batch close of a terminal: what the provider answered beside what we know.
CREATE TABLE settlement (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL,
    store_id      TEXT   NOT NULL,
    terminal_id   TEXT   NOT NULL REFERENCES terminal (id),
    terminal_code TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('created', 'pending', 'unknown', 'confirmed', 'declined', 'failed')),
    attention     TEXT   NOT NULL CHECK (attention IN ('', 'difference', 'unread', 'slip')),
    asked_by      TEXT   NOT NULL,
    provider_id   TEXT   NOT NULL,
    progress      TEXT   NOT NULL,
    batch         TEXT   NOT NULL,
    detail        TEXT   NOT NULL,
    message       TEXT   NOT NULL,
    slip          TEXT   NOT NULL,
    ours          TEXT   NOT NULL, -- our totals, JSON
    others        TEXT   NOT NULL, -- sum of what named a batch that we did not close, JSON
    theirs        TEXT   NOT NULL, -- the provider's, JSON; null where it told none
    settled_by    TEXT   NOT NULL, -- who dealt with the attention
    note          TEXT   NOT NULL,
    from_at       BIGINT NOT NULL,
    to_at         BIGINT NOT NULL, -- our totals are of from_at until before to_at; 0 unless confirmed
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX settlement_open ON settlement (terminal_id) WHERE state IN ('created', 'pending');
CREATE INDEX settlement_terminal ON settlement (terminal_id, id);
CREATE INDEX settlement_code ON settlement (connection_id, terminal_code, to_at) WHERE state = 'confirmed';
CREATE INDEX settlement_due ON settlement (due_at) WHERE due_at > 0;
CREATE INDEX settlement_attention ON settlement (merchant_id, id) WHERE attention <> '';

-- seq is the order in which events were written, position the one in which
-- they may be read: given after commit, without gaps.
CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,
    id          TEXT   NOT NULL UNIQUE,
    position    BIGINT UNIQUE,
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    type        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    payment_id  TEXT   NOT NULL, -- of the payment that it is about, also for a refund's events; '' for a settlement's
    till_id     TEXT   NOT NULL,
    actor       TEXT   NOT NULL, -- who asked for it, '' where nobody did
    data        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX event_merchant ON event (merchant_id, mode, position);
CREATE INDEX event_payment ON event (payment_id, seq);
CREATE INDEX event_subject ON event (subject, seq) WHERE payment_id = '';

CREATE TABLE event_counter (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);
INSERT INTO event_counter (id, last) VALUES (1, 0);

CREATE TABLE notification (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL,
    query         BYTEA  NOT NULL, -- as it came, which need not be text
    header        TEXT   NOT NULL,
    body          BYTEA  NOT NULL,
    received_at   BIGINT NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('received', 'waiting', 'handled', 'ignored')),
    topic         TEXT   NOT NULL,
    resource      TEXT   NOT NULL,
    notice        TEXT   NOT NULL,
    dedupe_key    TEXT   NOT NULL,
    judgement     TEXT   NOT NULL,
    verdict       TEXT   NOT NULL,
    result        TEXT   NOT NULL,
    payment_id    TEXT   NOT NULL,
    tries         BIGINT NOT NULL,
    replayed      BIGINT NOT NULL CHECK (replayed IN (0, 1)),
    due_at        BIGINT NOT NULL,
    fetched_at    BIGINT NOT NULL,
    handled_at    BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX notification_due ON notification (due_at) WHERE due_at > 0;
CREATE INDEX notification_fetched ON notification (connection_id, topic, resource, fetched_at) WHERE fetched_at > 0;
CREATE INDEX notification_told ON notification (connection_id, dedupe_key, id) WHERE dedupe_key <> '';
CREATE INDEX notification_payment ON notification (payment_id, id) WHERE payment_id <> '';

CREATE TABLE provider_call (
    id              TEXT   NOT NULL PRIMARY KEY,
    connection_id   TEXT   NOT NULL,
    payment_id      TEXT   NOT NULL,
    notification_id TEXT   NOT NULL,
    operation       TEXT   NOT NULL,
    method          TEXT   NOT NULL,
    url             TEXT   NOT NULL,
    request_header  TEXT   NOT NULL,
    request_body    BYTEA  NOT NULL,
    status          BIGINT NOT NULL,
    response_header TEXT   NOT NULL,
    response_body   BYTEA  NOT NULL,
    error           TEXT   NOT NULL,
    started_at      BIGINT NOT NULL,
    duration        BIGINT NOT NULL -- microseconds
);
CREATE INDEX provider_call_payment ON provider_call (payment_id) WHERE payment_id <> '';
CREATE INDEX provider_call_notification ON provider_call (notification_id) WHERE notification_id <> '';

CREATE TABLE idempotency_claim (
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    name        TEXT   NOT NULL, -- the caller's key
    fingerprint TEXT   NOT NULL,
    ulid        TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    answer      BYTEA  NOT NULL,
    lease_to    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, mode, name)
);
CREATE INDEX idempotency_claim_created ON idempotency_claim (created_at);

-- +goose Down

DROP TABLE idempotency_claim;
DROP TABLE provider_call;
DROP TABLE notification;
DROP TABLE event_counter;
DROP TABLE event;
DROP TABLE settlement;
DROP TABLE refund;
DROP TABLE payment;
DROP TABLE shift;
DROP TABLE terminal;
DROP TABLE till;
DROP TABLE store;
DROP TABLE login_session;
DROP TABLE api_key;
DROP TABLE user_account;
DROP TABLE connection;
DROP TABLE merchant;
