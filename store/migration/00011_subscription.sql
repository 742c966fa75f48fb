-- Plans, subscriptions, an invoice for each period, messages to buyers.

-- +goose Up

CREATE TABLE subscription_plan (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL REFERENCES merchant (id),
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    name          TEXT   NOT NULL,
    amount        BIGINT NOT NULL CHECK (amount > 0),
    currency      TEXT   NOT NULL,
    period        TEXT   NOT NULL, -- JSON
    trial         TEXT   NOT NULL, -- JSON
    repetitions   BIGINT NOT NULL CHECK (repetitions >= 0),
    billing_day   BIGINT NOT NULL CHECK (billing_day BETWEEN 0 AND 28),
    proportional  BIGINT NOT NULL CHECK (proportional IN (0, 1)),
    engine        TEXT   NOT NULL CHECK (engine IN ('provider', 'hub')),
    methods       TEXT   NOT NULL, -- JSON
    attempts      TEXT   NOT NULL, -- JSON
    dunning       TEXT   NOT NULL, -- JSON
    return_url    TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('active', 'archived')),
    token         TEXT   NOT NULL UNIQUE,
    ref           TEXT   NOT NULL, -- the provider's own id
    sign_up_url   TEXT   NOT NULL,
    put_key       TEXT   NOT NULL,
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX subscription_plan_ref ON subscription_plan (connection_id, ref) WHERE ref <> '';
CREATE INDEX subscription_plan_due ON subscription_plan (due_at) WHERE due_at > 0;

CREATE TABLE subscription (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    connection_id TEXT   NOT NULL REFERENCES connection (id),
    plan_id       TEXT   NOT NULL,
    engine        TEXT   NOT NULL CHECK (engine IN ('provider', 'hub')),
    buyer         TEXT   NOT NULL, -- JSON
    words         TEXT   NOT NULL, -- that it is found by
    language      TEXT   NOT NULL CHECK (language IN ('es', 'pt', 'en')),
    amount        BIGINT NOT NULL CHECK (amount > 0),
    currency      TEXT   NOT NULL,
    method        TEXT   NOT NULL,
    reference     TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('pending', 'active', 'past_due', 'paused', 'canceled', 'ended')),
    reason        TEXT   NOT NULL CHECK (reason IN ('', 'person', 'buyer', 'dunning', 'provider', 'refused', 'lapsed')),
    detail        TEXT   NOT NULL,
    strikes       BIGINT NOT NULL,
    health        TEXT   NOT NULL,
    start_at      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    ref           TEXT   NOT NULL, -- the provider's own id
    url           TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    fact_at       BIGINT NOT NULL,
    card_ref      TEXT   NOT NULL,
    token         TEXT   NOT NULL, -- of a card, until the provider answered
    ask_key       TEXT   NOT NULL,
    sought        BIGINT NOT NULL,
    asked_change  TEXT   NOT NULL, -- JSON
    public_token  TEXT   NOT NULL UNIQUE,
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, plan_id) REFERENCES subscription_plan (merchant_id, id)
);
-- The provider's own has one of ours, and no more.
CREATE UNIQUE INDEX subscription_ref ON subscription (connection_id, ref) WHERE ref <> '';
CREATE INDEX subscription_id ON subscription (id);
CREATE INDEX subscription_of_plan ON subscription (merchant_id, plan_id);
CREATE INDEX subscription_due ON subscription (due_at) WHERE due_at > 0;

CREATE TABLE invoice (
    id              TEXT   NOT NULL,
    merchant_id     TEXT   NOT NULL,
    mode            TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    subscription_id TEXT   NOT NULL,
    connection_id   TEXT   NOT NULL,
    sequence        BIGINT NOT NULL CHECK (sequence > 0),
    ref             TEXT   NOT NULL, -- the provider's own id
    state           TEXT   NOT NULL CHECK (state IN ('scheduled', 'open', 'retrying', 'paid', 'unpaid', 'void')),
    attention       TEXT   NOT NULL CHECK (attention IN ('', 'paid_twice', 'paid_late')),
    amount          BIGINT NOT NULL CHECK (amount > 0),
    currency        TEXT   NOT NULL,
    period_from     BIGINT NOT NULL,
    period_to       BIGINT NOT NULL,
    payable_to      BIGINT NOT NULL, -- when it is due
    tried           BIGINT NOT NULL,
    next_try        BIGINT NOT NULL,
    attempts        TEXT   NOT NULL, -- JSON
    payment_id      TEXT   NOT NULL, -- that paid it
    detail          TEXT   NOT NULL,
    stepped         BIGINT NOT NULL,
    step_at         BIGINT NOT NULL,
    final_at        BIGINT NOT NULL,
    opened_at       BIGINT NOT NULL,
    paid_at         BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, subscription_id) REFERENCES subscription (merchant_id, id),
    UNIQUE (merchant_id, subscription_id, sequence),
    CHECK ((state = 'paid') = (paid_at > 0))
);
-- Each period is billed once; of the provider's own invoices it says so itself.
CREATE UNIQUE INDEX invoice_period ON invoice (merchant_id, subscription_id, period_from) WHERE ref = '' AND state <> 'void';
CREATE UNIQUE INDEX invoice_ref ON invoice (connection_id, ref) WHERE ref <> '';
CREATE INDEX invoice_id ON invoice (id);

CREATE TABLE dunning_message (
    id              TEXT   NOT NULL,
    merchant_id     TEXT   NOT NULL,
    mode            TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    subscription_id TEXT   NOT NULL,
    invoice_id      TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('voucher', 'before', 'due', 'after', 'paused', 'canceled')),
    step            BIGINT NOT NULL,
    addressed       TEXT   NOT NULL,
    to_name         TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    mail_id         TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'kept')),
    detail          TEXT   NOT NULL,
    tries           BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, subscription_id) REFERENCES subscription (merchant_id, id),
    CHECK ((state = 'queued') = (due_at > 0))
);
CREATE INDEX dunning_message_of ON dunning_message (merchant_id, subscription_id);
CREATE INDEX dunning_message_due ON dunning_message (due_at) WHERE due_at > 0;

-- A provider's payment that it charged by itself has one of ours.
CREATE TABLE adopted_payment (
    connection_id TEXT NOT NULL,
    attempt       TEXT NOT NULL, -- the provider's own id
    payment_id    TEXT NOT NULL REFERENCES payment (id),
    PRIMARY KEY (connection_id, attempt)
);

-- The last event of a payment that was looked at for its invoice.
CREATE TABLE subscription_reader (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL
);
INSERT INTO subscription_reader (id, position) VALUES (1, 0);

-- +goose Down

DROP TABLE subscription_reader;
DROP TABLE adopted_payment;
DROP TABLE dunning_message;
DROP TABLE invoice;
DROP TABLE subscription;
DROP TABLE subscription_plan;
