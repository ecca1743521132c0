-- migrate:up

-- Before when an unopened tip is not published again, and how often that was done.
ALTER TABLE tips ADD COLUMN remind_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE tips ADD COLUMN reminders int NOT NULL DEFAULT 0;

-- migrate:down
ALTER TABLE tips DROP COLUMN reminders, DROP COLUMN remind_at;
