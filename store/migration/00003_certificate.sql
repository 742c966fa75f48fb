-- What the hub needs to prove who it is, shared by its replicas: the account at
-- the authority, certificates with their keys, answers to challenges. data is
-- sealed.

-- +goose Up

CREATE TABLE certificate (
    name       TEXT   NOT NULL PRIMARY KEY,
    data       BYTEA  NOT NULL,
    updated_at BIGINT NOT NULL
);

-- +goose Down

DROP TABLE certificate;
