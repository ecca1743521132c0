"""The bare limits' tables, in a database of their own on the same server."""

import asyncpg

from tests.support.world import World

INSERT_TIP = "INSERT INTO bare_tips VALUES ($1, $2, $3, $4)"
INSERT_EVENTS = """
    WITH stored AS (INSERT INTO bare_events (event_id, topic, value)
                    SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[]) RETURNING seq, topic)
    INSERT INTO bare_outbox SELECT seq, topic FROM stored
"""
TABLES = """
    CREATE TABLE bare_tips (tip_id uuid PRIMARY KEY, lookup bytea UNIQUE, received_at timestamptz, sealed bytea);
    CREATE TABLE bare_events (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid, topic text,
                              value bytea STORAGE EXTERNAL);
    CREATE TABLE bare_outbox (seq bigint PRIMARY KEY, topic text);
    CREATE TABLE bare_cases (tip_id uuid PRIMARY KEY, station text, category text, urgency text,
                             received_at timestamptz, opened_at timestamptz, place text, neighbourhood text,
                             log_salt bytea, content_key bytea, content bytea);
    CREATE TABLE bare_leaves (event_mac bytea PRIMARY KEY, leaf bytea, arrived bigint GENERATED ALWAYS AS IDENTITY);
"""


async def bare_database(world: World) -> str:
    """Make it, once a world; its URL."""
    conn = await asyncpg.connect(world.at.postgres.url())
    await conn.execute("CREATE DATABASE bare")
    await conn.close()
    url = world.at.postgres.url("bare")
    conn = await asyncpg.connect(url)
    await conn.execute(TABLES)
    await conn.close()
    return url
