-- Connections whose credentials a merchant granted by OAuth, and those whose
-- credentials the provider no longer takes.

-- +goose Up

ALTER TABLE connection ADD COLUMN grant_expires BIGINT NOT NULL DEFAULT 0; -- end of the access token; 0 where keys were typed
ALTER TABLE connection ADD COLUMN grant_refused BIGINT NOT NULL DEFAULT 0; -- when the provider refused to renew it
ALTER TABLE connection ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;        -- when its credentials are looked at next
ALTER TABLE connection ADD COLUMN lost_at BIGINT NOT NULL DEFAULT 0;       -- since when they are refused
CREATE INDEX connection_due ON connection (due_at) WHERE due_at > 0;

-- +goose Down

DROP INDEX connection_due;
ALTER TABLE connection DROP COLUMN lost_at;
ALTER TABLE connection DROP COLUMN due_at;
ALTER TABLE connection DROP COLUMN grant_refused;
ALTER TABLE connection DROP COLUMN grant_expires;
