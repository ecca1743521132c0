-- migrate:up

-- Events that are committed and not yet acknowledged by Kafka. A row leaves only when its own record was acknowledged.
CREATE TABLE outbox (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    uuid        NOT NULL,
    event_type  text        NOT NULL,
    topic       text        NOT NULL,
    key         text        NOT NULL,
    value       bytea       NOT NULL,
    occurred_at timestamptz NOT NULL,
    traceparent text
);

-- What was acknowledged, by day, for `tinbao outbox replay`. The worker makes days ahead and drops old ones.
CREATE TABLE outbox_sent (
    LIKE outbox,
    sent_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (sent_at);

-- Every event this service has taken, or refused, once. Kept longer than the topics' retention.
CREATE TABLE inbox (
    event_id   uuid        PRIMARY KEY,
    value_hash bytea       NOT NULL,
    taken_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_taken_at ON inbox USING brin (taken_at);

-- Records that can never be processed: an operator lists, replays or discards them.
CREATE TABLE dead_letters (
    topic     text        NOT NULL,
    partition int         NOT NULL,
    "offset"  bigint      NOT NULL,
    reason    text        NOT NULL,
    headers   bytea       NOT NULL,
    key       bytea,
    value     bytea,
    died_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

-- Records that cannot be processed yet: a type this version does not know, or an event whose cause has not come.
CREATE TABLE parked (
    event_id   uuid        PRIMARY KEY,
    event_type text        NOT NULL,
    topic      text        NOT NULL,
    partition  int         NOT NULL,
    "offset"   bigint      NOT NULL,
    headers    bytea       NOT NULL,
    key        bytea,
    value      bytea       NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now()
);

-- The answers to requests that create something, for 24 hours. The key itself is never stored.
CREATE TABLE idempotency_keys (
    key_hash   bytea       PRIMARY KEY,
    body_mac   bytea       NOT NULL,
    answer     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- migrate:down
DROP TABLE idempotency_keys, parked, dead_letters, inbox, outbox_sent, outbox;
