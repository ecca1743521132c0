-- migrate:up

-- Every event this service announced, by the day it was stored, for `tinbao outbox replay`. Rows are never changed.
CREATE TABLE outbox_events (
    seq         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    stored_on   date        NOT NULL DEFAULT current_date,
    event_id    uuid        NOT NULL,
    event_type  text        NOT NULL,
    topic       text        NOT NULL,
    key         text        NOT NULL,
    value       bytea STORAGE EXTERNAL NOT NULL, -- sealed: trying to compress it costs more than all else
    occurred_at timestamptz NOT NULL,
    traceparent text,
    PRIMARY KEY (stored_on, seq)
) PARTITION BY RANGE (stored_on);

-- Makes the days that are missing. An event of a day that has no table cannot be stored, so many are made ahead.
CREATE FUNCTION make_outbox_days(first date, days int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT first + n FROM generate_series(0, days - 1) AS n LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF outbox_events FOR VALUES FROM (%L) TO (%L)',
                       'outbox_events_' || to_char(day, 'YYYYMMDD'), day, day + 1);
    END LOOP;
END
$$;
SELECT make_outbox_days(current_date - 1, 32);

-- Those of them that Kafka has not acknowledged yet. A row leaves only when its own record was acknowledged.
CREATE TABLE outbox (
    seq       bigint PRIMARY KEY,
    stored_on date   NOT NULL,
    topic     text   NOT NULL
);

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
    parked_at  timestamptz NOT NULL DEFAULT now(),
    tried_at   timestamptz NOT NULL DEFAULT now()
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
DROP TABLE idempotency_keys, parked, dead_letters, inbox, outbox, outbox_events;
DROP FUNCTION make_outbox_days;
