-- migrate:up

-- Lines of the register (form 294). Gaps are possible and mean nothing.
CREATE SEQUENCE register_numbers;

-- A station's handling of a tip. The slip is in clear, so that the list can show it; the content rests encrypted under
-- a data key that is wrapped under this deployment's key-encryption key.
CREATE TABLE cases (
    tip_id           uuid        PRIMARY KEY,
    station          text        NOT NULL,
    number           bigint      NOT NULL DEFAULT nextval('register_numbers') UNIQUE,
    standing         text        NOT NULL CHECK (standing IN ('owning', 'watching')),
    status           text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'assigned', 'classified', 'closed')),
    category         text        NOT NULL,
    urgency          text        NOT NULL,
    received_at      timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    deadline_at      timestamptz NOT NULL,
    legal_at         timestamptz,
    place            text,
    neighbourhood    text,
    reporter_role    text,
    is_happening_now boolean     NOT NULL,
    log_salt         bytea       NOT NULL,
    sealed_station   text        NOT NULL,
    content_key      bytea       NOT NULL,
    content          bytea       NOT NULL,
    assignee         text,
    assignee_name    text,
    outcome          text,
    closed_at        timestamptz,
    withdrawn_at     timestamptz,
    has_news         boolean     NOT NULL DEFAULT false
);
CREATE INDEX cases_by_deadline ON cases (deadline_at, tip_id) WHERE status <> 'closed';
CREATE INDEX cases_unclaimed ON cases (received_at) WHERE status = 'open' AND standing = 'owning';

-- What the reporter added; each with a wrapped data key of its own.
CREATE TABLE supplements (
    message_id     uuid        PRIMARY KEY,
    tip_id         uuid        NOT NULL REFERENCES cases,
    version        int         NOT NULL,
    sealed_station text        NOT NULL,
    content_key    bytea       NOT NULL,
    content        bytea       NOT NULL,
    received_at    timestamptz NOT NULL
);
CREATE INDEX supplements_tip ON supplements (tip_id, version);

-- Answers to the reporter and notes for colleagues, encrypted under the case's data key.
CREATE TABLE writings (
    writing_id   uuid        PRIMARY KEY,
    tip_id       uuid        NOT NULL REFERENCES cases,
    kind         text        NOT NULL CHECK (kind IN ('answer', 'note', 'view_note')),
    body         bytea       NOT NULL,
    officer      text        NOT NULL,
    officer_name text        NOT NULL,
    written_at   timestamptz NOT NULL
);
CREATE INDEX writings_tip ON writings (tip_id, written_at);

-- Who was permitted to read a case's text, why, and until when.
CREATE TABLE views (
    view_id         uuid        PRIMARY KEY,
    tip_id          uuid        NOT NULL REFERENCES cases,
    officer         text        NOT NULL,
    reason          text        NOT NULL,
    permitted_at    timestamptz NOT NULL,
    permitted_until timestamptz NOT NULL
);
CREATE INDEX views_permitted ON views (tip_id, officer, permitted_until);

-- What happened to a case, for its page. Never content.
CREATE TABLE timeline (
    entry_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tip_id       uuid        NOT NULL REFERENCES cases,
    action       text        NOT NULL,
    officer      text,
    officer_name text,
    happened_at  timestamptz NOT NULL
);
CREATE INDEX timeline_tip ON timeline (tip_id, entry_id);

-- The province: that a case of a station exists, and how it stands. No slip and no content ever comes here.
CREATE TABLE station_cases (
    tip_id      uuid        NOT NULL,
    station     text        NOT NULL,
    number      bigint,
    category    text,
    urgency     text,
    received_at timestamptz,
    status      text        NOT NULL,
    outcome     text,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (tip_id, station)
);
CREATE INDEX station_cases_received ON station_cases (received_at);

-- What intake announced of the stations, on the topic `stations`.
CREATE TABLE stations (
    code      text    PRIMARY KEY,
    name      text    NOT NULL,
    is_remote boolean NOT NULL
);

-- migrate:down
DROP TABLE stations, station_cases, timeline, views, writings, supplements, cases;
DROP SEQUENCE register_numbers;
