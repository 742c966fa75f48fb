-- The integration desk. A project is one document; the columns beside it are
-- what the board shows and what is found by, read off it at each change.

-- +goose Up

ALTER TABLE user_account ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';

CREATE TABLE project (
    id          TEXT   NOT NULL UNIQUE,
    merchant_id TEXT   NOT NULL REFERENCES merchant (id),
    name        TEXT   NOT NULL,
    client      TEXT   NOT NULL,
    product     TEXT   NOT NULL,
    template    TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT   NOT NULL CHECK (stage IN ('backlog', 'design', 'integration', 'homologation', 'golive', 'handed_off')),
    stage_at    BIGINT NOT NULL,
    integrator  TEXT   NOT NULL,
    manager     TEXT   NOT NULL,
    commercial  TEXT   NOT NULL,
    next_at     BIGINT NOT NULL, -- the nearest of its dates, 0 for none
    next_kind   TEXT   NOT NULL,
    silence     BIGINT NOT NULL,
    waiting_at  BIGINT NOT NULL, -- in the waiting list since
    client_at   BIGINT NOT NULL, -- when the client last wrote
    reply_token TEXT   NOT NULL UNIQUE, -- names it in the address that answers go to
    words       TEXT   NOT NULL, -- what it is found by, lower case
    document    TEXT   NOT NULL,
    due_at      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX project_stage ON project (merchant_id, stage, stage_at);
CREATE INDEX project_due ON project (due_at) WHERE due_at > 0;
CREATE INDEX project_waiting ON project (merchant_id, waiting_at) WHERE waiting_at > 0;

CREATE TABLE message (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('incoming', 'outgoing', 'note')),
    channel     TEXT   NOT NULL,
    off_table   BIGINT NOT NULL CHECK (off_table IN (0, 1)),
    written_by  TEXT   NOT NULL,
    from_name   TEXT   NOT NULL,
    from_email  TEXT   NOT NULL,
    addressed   TEXT   NOT NULL, -- JSON
    copied      TEXT   NOT NULL, -- JSON
    subject     TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    quoted      TEXT   NOT NULL,
    mail_id     TEXT   NOT NULL,
    in_reply_to TEXT   NOT NULL,
    clock_id    TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('kept', 'queued', 'sent', 'bounced', 'failed')),
    bounced     TEXT   NOT NULL, -- JSON
    detail      TEXT   NOT NULL,
    tries       BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    sent_at     BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX message_project ON message (project_id, id);
CREATE UNIQUE INDEX message_mail ON message (merchant_id, mail_id) WHERE mail_id <> '';
CREATE INDEX message_due ON message (due_at) WHERE due_at > 0;

CREATE TABLE attachment (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    message_id  TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('attachment', 'document', 'evidence', 'sheet', 'report')),
    name        TEXT   NOT NULL,
    type        TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    sha256      TEXT   NOT NULL,
    internal    BIGINT NOT NULL CHECK (internal IN (0, 1)),
    added_by    TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    data        BYTEA  NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX attachment_project ON attachment (project_id, id);

CREATE TABLE response_clock (
    id          TEXT   NOT NULL,
    merchant_id TEXT   NOT NULL,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    message_id  TEXT   NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('presales', 'kickoff', 'integration', 'golive')),
    hours       BIGINT NOT NULL CHECK (hours > 0),
    started_at  BIGINT NOT NULL,
    warn_at     BIGINT NOT NULL,
    limit_at    BIGINT NOT NULL,
    warned_at   BIGINT NOT NULL,
    breached_at BIGINT NOT NULL,
    stopped_at  BIGINT NOT NULL,
    stopped_by  TEXT   NOT NULL,
    answer      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    took        BIGINT NOT NULL, -- microseconds of counted time
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX response_clock_project ON response_clock (project_id, id);
CREATE INDEX response_clock_open ON response_clock (merchant_id, limit_at) WHERE stopped_at = 0;
CREATE INDEX response_clock_started ON response_clock (merchant_id, started_at);
CREATE INDEX response_clock_due ON response_clock (due_at) WHERE due_at > 0;

CREATE TABLE desk (
    merchant_id TEXT   NOT NULL PRIMARY KEY REFERENCES merchant (id),
    document    TEXT   NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- Whoever changes which projects are active waits here for the merchant's turn.
CREATE TABLE desk_turn (
    merchant_id TEXT   NOT NULL PRIMARY KEY REFERENCES merchant (id),
    taken       BIGINT NOT NULL
);

CREATE TABLE process_template (
    merchant_id TEXT   NOT NULL REFERENCES merchant (id),
    name        TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    document    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT   NOT NULL,
    PRIMARY KEY (merchant_id, name, version)
);

CREATE TABLE contact_link (
    hash        TEXT   NOT NULL PRIMARY KEY,
    merchant_id TEXT   NOT NULL,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    contact_id  TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX contact_link_contact ON contact_link (project_id, contact_id);

-- +goose Down

DROP TABLE contact_link;
DROP TABLE process_template;
DROP TABLE desk_turn;
DROP TABLE desk;
DROP TABLE response_clock;
DROP TABLE attachment;
DROP TABLE message;
DROP TABLE project;
ALTER TABLE user_account DROP COLUMN role;
