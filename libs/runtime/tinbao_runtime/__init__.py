"""What every service stands on: settings, Postgres, Kafka, outbox, inbox, sealing, telemetry, problems, health."""
