-- Homologation: what a project's cases were judged by, its sheet and its run.

-- +goose Up

CREATE TABLE homologation (
    id          TEXT   NOT NULL, -- the project's
    merchant_id TEXT   NOT NULL,
    document    TEXT   NOT NULL,
    due_at      BIGINT NOT NULL, -- when the run's next case is due
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX homologation_due ON homologation (due_at) WHERE due_at > 0;

CREATE TABLE evidence (
    id            TEXT   NOT NULL,
    merchant_id   TEXT   NOT NULL,
    project_id    TEXT   NOT NULL,
    case_key      TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    payment_id    TEXT   NOT NULL,
    settlement_id TEXT   NOT NULL,
    call_id       TEXT   NOT NULL,
    provider_id   TEXT   NOT NULL,
    verdict       TEXT   NOT NULL CHECK (verdict IN ('pass', 'fail', 'unprovable')),
    findings      TEXT   NOT NULL,
    raw           BYTEA  NOT NULL,
    sha256        TEXT   NOT NULL,
    judged_by     TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    current       BIGINT NOT NULL CHECK (current IN (0, 1)),
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX evidence_case ON evidence (merchant_id, project_id, case_key, id);
CREATE UNIQUE INDEX evidence_current ON evidence (merchant_id, project_id, case_key) WHERE current = 1;
-- What proves one case proves no other.
CREATE UNIQUE INDEX evidence_payment ON evidence (merchant_id, payment_id) WHERE current = 1 AND payment_id <> '';
CREATE UNIQUE INDEX evidence_settlement ON evidence (merchant_id, settlement_id) WHERE current = 1 AND settlement_id <> '';
CREATE UNIQUE INDEX evidence_call ON evidence (merchant_id, call_id) WHERE current = 1 AND call_id <> '';

CREATE TABLE submission (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    project_id  TEXT   NOT NULL,
    filled      TEXT   NOT NULL,
    message_id  TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('submitted', 'accepted', 'returned')),
    note        TEXT   NOT NULL,
    without     TEXT   NOT NULL, -- cases that the reviewer did without, JSON
    sent_by     TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    answered_by TEXT   NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX submission_open ON submission (merchant_id, project_id) WHERE state = 'submitted';
CREATE INDEX submission_project ON submission (merchant_id, project_id, id);

-- Calls that are about no payment: batch closes, checks.
CREATE INDEX provider_call_connection ON provider_call (connection_id, started_at) WHERE payment_id = '' AND notification_id = '';

-- +goose Down

DROP INDEX provider_call_connection;
DROP TABLE submission;
DROP TABLE evidence;
DROP TABLE homologation;
