-- migrate:up

-- Before when an unopened tip is not published again, and how often that was done.
ALTER TABLE tips ADD COLUMN remind_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE tips ADD COLUMN reminders int NOT NULL DEFAULT 0;
CREATE INDEX tips_to_remind ON tips (remind_at) WHERE opened_at IS NULL;

-- migrate:down
DROP INDEX tips_to_remind;
ALTER TABLE tips DROP COLUMN reminders, DROP COLUMN remind_at;
