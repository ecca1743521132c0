-- migrate:up

-- The log. A leaf waits without an index until the sequencer gives it the next one; from then on it never changes.
-- No event id and no tip id stands here: without its salt a leaf leads nowhere.
CREATE TABLE leaves (
    event_mac bytea  PRIMARY KEY, -- HMAC(salt, event id): an event that comes again is the same leaf
    leaf      bytea  NOT NULL,
    arrived   bigint GENERATED ALWAYS AS IDENTITY,
    index     bigint UNIQUE
);
CREATE INDEX leaves_waiting ON leaves (arrived) WHERE index IS NULL;

-- Every tree head that was ever signed.
CREATE TABLE checkpoints (
    size      bigint      PRIMARY KEY,
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now()
);

-- What opens the leaves of a tip. Erasing takes the salt; the row stays, so that no late event brings it back.
CREATE TABLE openings (
    tip_id    uuid  PRIMARY KEY,
    salt      bytea,
    erased_at timestamptz
);

-- migrate:down
DROP TABLE openings, checkpoints, leaves;
