-- migrate:up

-- Who answers for which communes. Intake is the only writer; the topic `stations` follows this table.
CREATE TABLE stations (
    code       text        PRIMARY KEY,
    name       text        NOT NULL,
    communes   text[]      NOT NULL,
    served_by  text        NOT NULL,
    is_remote  boolean     NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Public keys that content is sealed to. There is no private key in this database.
CREATE TABLE station_keys (
    key_id        text        PRIMARY KEY,
    recipient     text        NOT NULL,
    raw           bytea       NOT NULL,
    valid_from    timestamptz NOT NULL,
    valid_until   timestamptz NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz
);

-- Tips as intake may know them: sealed, with what stations announced about their handling.
CREATE TABLE tips (
    tip_id        uuid        PRIMARY KEY,
    lookup        bytea       NOT NULL UNIQUE,
    station       text        NOT NULL,
    holders       text[]      NOT NULL,
    category      text        NOT NULL,
    urgency       text        NOT NULL,
    received_at   timestamptz NOT NULL,
    log_salt      bytea       NOT NULL,
    sealed        bytea       NOT NULL,
    version       int         NOT NULL DEFAULT 1,
    withdrawn_at  timestamptz,
    opened_at     timestamptz,
    classified_at timestamptz,
    answered_at   timestamptz,
    closed_at     timestamptz,
    outcome       text
);
CREATE INDEX tips_unopened ON tips (received_at) WHERE opened_at IS NULL;

-- The conversation, encrypted under the mailbox key that only the station and the receipt code give.
CREATE TABLE mailbox_messages (
    message_id uuid        PRIMARY KEY,
    tip_id     uuid        NOT NULL REFERENCES tips,
    author     text        NOT NULL CHECK (author IN ('reporter', 'station')),
    body       bytea       NOT NULL,
    sent_at    timestamptz NOT NULL
);
CREATE INDEX mailbox_messages_tip ON mailbox_messages (tip_id, sent_at);

-- migrate:down
DROP TABLE mailbox_messages, tips, station_keys, stations;
