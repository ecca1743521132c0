-- migrate:up

-- When category and urgency were announced last, and the clock that follows; NULL while only another change is known.
ALTER TABLE station_cases RENAME COLUMN changed_at TO classified_at;
ALTER TABLE station_cases ALTER COLUMN classified_at DROP NOT NULL, ADD COLUMN deadline_at timestamptz;

-- Who has acted here, for the list of officers whom a case can be given to.
CREATE INDEX timeline_officers ON timeline (officer, entry_id) WHERE officer IS NOT NULL;

-- migrate:down
DROP INDEX timeline_officers;
UPDATE station_cases SET classified_at = now() WHERE classified_at IS NULL;
ALTER TABLE station_cases ALTER COLUMN classified_at SET NOT NULL, DROP COLUMN deadline_at;
ALTER TABLE station_cases RENAME COLUMN classified_at TO changed_at;
