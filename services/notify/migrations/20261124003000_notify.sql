-- migrate:up

-- What intake announced of the stations, on the topic `stations`.
CREATE TABLE stations (
    code     text   PRIMARY KEY,
    name     text   NOT NULL,
    communes text[] NOT NULL
);

-- What officers propose, in words written for the public.
CREATE TABLE proposals (
    proposal_id uuid        PRIMARY KEY,
    station     text        NOT NULL,
    category    text        NOT NULL,
    headline    text        NOT NULL,
    description text        NOT NULL,
    area        text[]      NOT NULL,
    urgency     text        NOT NULL,
    severity    text        NOT NULL,
    expires_at  timestamptz,
    officer     text        NOT NULL,
    proposed_at timestamptz NOT NULL,
    settled_at  timestamptz
);
CREATE INDEX proposals_waiting ON proposals (proposed_at) WHERE settled_at IS NULL;

-- An alert from its first draft on. Whoever wrote or submitted it is among its authors, and no author approves it.
CREATE TABLE alerts (
    alert_id       uuid        PRIMARY KEY,
    station        text        NOT NULL,
    proposal_id    uuid        UNIQUE REFERENCES proposals,
    status         text        NOT NULL
                   CHECK (status IN ('draft', 'submitted', 'rejected', 'issued', 'cancelled')),
    category       text        NOT NULL,
    headline_vi    text        NOT NULL,
    description_vi text        NOT NULL,
    headline_en    text,
    description_en text,
    urgency        text        NOT NULL,
    severity       text        NOT NULL,
    certainty      text        NOT NULL,
    area           text[]      NOT NULL CHECK (cardinality(area) > 0),
    audiences      text[]      NOT NULL CHECK (cardinality(audiences) > 0),
    expires_at     timestamptz,
    authors        text[]      NOT NULL CHECK (cardinality(authors) > 0),
    changed_at     timestamptz NOT NULL,
    rejection      text,
    approved_by    text,
    digest         bytea,
    issued_at      timestamptz,
    addressed_at   timestamptz,
    cancel_id      uuid,
    cancelled_by   text,
    cancelled_at   timestamptz,
    CONSTRAINT no_author_approves CHECK (approved_by <> ALL (authors)),
    CONSTRAINT issued_means_approved CHECK (
        status NOT IN ('issued', 'cancelled')
        OR num_nulls(headline_en, description_en, expires_at, approved_by, digest, issued_at) = 0
    ),
    CONSTRAINT cancelled_means_by_whom CHECK (
        status <> 'cancelled' OR num_nulls(cancel_id, cancelled_by, cancelled_at) = 0
    )
);
CREATE INDEX alerts_public ON alerts (expires_at) WHERE status IN ('issued', 'cancelled');
CREATE INDEX alerts_to_address ON alerts (issued_at) WHERE status = 'issued' AND addressed_at IS NULL;

-- What was approved stays as it was: only addressing and cancelling may follow.
CREATE FUNCTION keep_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.station, NEW.category, NEW.headline_vi, NEW.description_vi, NEW.headline_en, NEW.description_en,
        NEW.urgency, NEW.severity, NEW.certainty, NEW.area, NEW.audiences, NEW.expires_at, NEW.authors,
        NEW.approved_by, NEW.digest, NEW.issued_at)
       IS DISTINCT FROM
       (OLD.station, OLD.category, OLD.headline_vi, OLD.description_vi, OLD.headline_en, OLD.description_en,
        OLD.urgency, OLD.severity, OLD.certainty, OLD.area, OLD.audiences, OLD.expires_at, OLD.authors,
        OLD.approved_by, OLD.digest, OLD.issued_at)
    THEN
        RAISE EXCEPTION 'an issued alert is not changed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_issued BEFORE UPDATE ON alerts
    FOR EACH ROW WHEN (OLD.status IN ('issued', 'cancelled')) EXECUTE FUNCTION keep_issued();

-- Who asked for alerts. No stations or topics chosen means all of them; the address goes when the subscription ends.
CREATE TABLE subscriptions (
    subscription_id uuid        PRIMARY KEY,
    channel         text        NOT NULL CHECK (channel IN ('email')),
    address         text,
    language        text        NOT NULL CHECK (language IN ('vi', 'en')),
    stations        text[]      NOT NULL,
    neighbourhoods  text[]      NOT NULL,
    sectors         text[]      NOT NULL,
    topics          text[]      NOT NULL,
    asked_at        timestamptz NOT NULL,
    confirmed_at    timestamptz,
    ended_at        timestamptz,
    CHECK (ended_at IS NOT NULL OR address IS NOT NULL)
);
CREATE UNIQUE INDEX subscriptions_one_each ON subscriptions (channel, address)
    WHERE confirmed_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX subscriptions_asked ON subscriptions (channel, address, asked_at);

-- Whom an alert reaches: codes of one kind are alternatives, kinds narrow each other. Who chose no station or topic takes
-- all; neighbourhoods and sectors reach only those who said that they belong to them.
CREATE FUNCTION reached_by(to_stations text[], to_neighbourhoods text[], to_sectors text[], to_topics text[])
RETURNS SETOF subscriptions LANGUAGE sql STABLE AS $$
    SELECT * FROM subscriptions AS s
    WHERE s.confirmed_at IS NOT NULL AND s.ended_at IS NULL
      AND (to_stations = '{}' OR s.stations = '{}' OR s.stations && to_stations)
      AND (to_neighbourhoods = '{}' OR s.neighbourhoods && to_neighbourhoods)
      AND (to_sectors = '{}' OR s.sectors && to_sectors)
      AND (to_topics = '{}' OR s.topics = '{}' OR s.topics && to_topics)
$$;

-- What a subscriber agreed to, word for word, and when it was withdrawn. Kept after the address is gone.
CREATE TABLE consents (
    consent_id   uuid        PRIMARY KEY,
    subject      uuid        NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    purpose      text        NOT NULL,
    channel      text        NOT NULL,
    text_version text        NOT NULL,
    text_hash    bytea       NOT NULL,
    given_at     timestamptz NOT NULL,
    method       text        NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX consents_subject ON consents (subject);

-- One letter to one subscriber: of an alert, or the one that asks to confirm. `due_at` is also the lease: a worker that
-- takes a letter moves it ahead, and if that worker dies the letter is due again.
CREATE TABLE deliveries (
    delivery_id     uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    alert_id        uuid        REFERENCES alerts,
    subscription_id uuid        NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    status          text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed', 'stopped')),
    due_at          timestamptz NOT NULL,
    attempts        int         NOT NULL DEFAULT 0,
    settled_at      timestamptz,
    reason          text,
    UNIQUE (alert_id, subscription_id)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX deliveries_subscription ON deliveries (subscription_id);

-- migrate:down
DROP FUNCTION reached_by;
DROP TABLE deliveries, consents, subscriptions, alerts, proposals, stations;
DROP FUNCTION keep_issued;
