-- migrate:up

-- An update is an alert of its own that holds instead of an earlier one. `earlier` and `earlier_sent` are the messages
-- that went out before it, oldest first, and when; `first_id` is what an alert and all its updates share.
ALTER TABLE alerts
    ADD COLUMN earlier      uuid[]        NOT NULL DEFAULT '{}',
    ADD COLUMN earlier_sent timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN first_id     uuid GENERATED ALWAYS AS (coalesce(earlier[1], alert_id)) STORED,
    ADD COLUMN supersedes   uuid GENERATED ALWAYS AS (earlier[cardinality(earlier)]) STORED,
    ADD CONSTRAINT earlier_have_times CHECK (cardinality(earlier) = cardinality(earlier_sent)),
    DROP CONSTRAINT alerts_status_check,
    ADD CONSTRAINT alerts_status_check
        CHECK (status IN ('draft', 'submitted', 'rejected', 'issued', 'superseded', 'cancelled')),
    DROP CONSTRAINT issued_means_approved,
    ADD CONSTRAINT issued_means_approved CHECK (
        status NOT IN ('issued', 'superseded', 'cancelled')
        OR num_nulls(headline_en, description_en, expires_at, approved_by, digest, issued_at) = 0
    );

-- What holds is one message; and one update at a time is written of it.
CREATE UNIQUE INDEX alerts_one_holds ON alerts (first_id) WHERE status IN ('issued', 'cancelled');
CREATE UNIQUE INDEX alerts_one_update ON alerts (supersedes);
CREATE INDEX alerts_first ON alerts (first_id);

-- What was approved stays as it was: only addressing, superseding and cancelling may follow.
CREATE OR REPLACE FUNCTION keep_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND NOT (OLD.status = 'issued' AND NEW.status IN ('superseded', 'cancelled'))
       OR (NEW.station, NEW.category, NEW.headline_vi, NEW.description_vi, NEW.headline_en, NEW.description_en,
           NEW.urgency, NEW.severity, NEW.certainty, NEW.area, NEW.audiences, NEW.expires_at, NEW.authors,
           NEW.approved_by, NEW.digest, NEW.issued_at, NEW.earlier, NEW.earlier_sent)
          IS DISTINCT FROM
          (OLD.station, OLD.category, OLD.headline_vi, OLD.description_vi, OLD.headline_en, OLD.description_en,
           OLD.urgency, OLD.severity, OLD.certainty, OLD.area, OLD.audiences, OLD.expires_at, OLD.authors,
           OLD.approved_by, OLD.digest, OLD.issued_at, OLD.earlier, OLD.earlier_sent)
    THEN
        RAISE EXCEPTION 'an issued alert is not changed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER keep_issued ON alerts;
CREATE TRIGGER keep_issued BEFORE UPDATE ON alerts
    FOR EACH ROW WHEN (OLD.status IN ('issued', 'superseded', 'cancelled')) EXECUTE FUNCTION keep_issued();

-- Who wrote once stays an author: else an author could be taken out of the list and then approve.
CREATE FUNCTION keep_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an author stays an author' USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER keep_authors BEFORE UPDATE ON alerts
    FOR EACH ROW WHEN (NOT NEW.authors @> OLD.authors) EXECUTE FUNCTION keep_authors();

-- To whom an alert's letters go: whom it reaches now, and whoever may have got a letter of what it supersedes.
CREATE FUNCTION addressees(
    first uuid, to_stations text[], to_neighbourhoods text[], to_sectors text[], to_topics text[]
) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT subscription_id FROM reached_by(to_stations, to_neighbourhoods, to_sectors, to_topics)
    UNION
    SELECT s.subscription_id
    FROM alerts AS a JOIN deliveries AS d USING (alert_id) JOIN subscriptions AS s USING (subscription_id)
    WHERE a.first_id = first AND d.attempts > 0 AND s.confirmed_at IS NOT NULL AND s.ended_at IS NULL
$$;

-- migrate:down
-- An alert that was updated goes with its updates: the older tables cannot say which of them holds.
DROP FUNCTION addressees;
DROP TRIGGER keep_authors ON alerts;
DROP FUNCTION keep_authors;
DROP TRIGGER keep_issued ON alerts;
DELETE FROM deliveries WHERE alert_id IN (SELECT alert_id FROM alerts WHERE supersedes IS NOT NULL OR status = 'superseded');
DELETE FROM alerts WHERE supersedes IS NOT NULL OR status = 'superseded';
DROP INDEX alerts_one_holds, alerts_one_update, alerts_first;
ALTER TABLE alerts
    DROP CONSTRAINT issued_means_approved,
    ADD CONSTRAINT issued_means_approved CHECK (
        status NOT IN ('issued', 'cancelled')
        OR num_nulls(headline_en, description_en, expires_at, approved_by, digest, issued_at) = 0
    ),
    DROP CONSTRAINT alerts_status_check,
    ADD CONSTRAINT alerts_status_check CHECK (status IN ('draft', 'submitted', 'rejected', 'issued', 'cancelled')),
    DROP COLUMN supersedes, DROP COLUMN first_id, DROP COLUMN earlier, DROP COLUMN earlier_sent;
CREATE OR REPLACE FUNCTION keep_issued() RETURNS trigger LANGUAGE plpgsql AS $$
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
