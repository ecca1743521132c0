#!/bin/bash
# Runs once, in a new server: the service's own role and database. The role is no superuser, and nobody else may connect.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v role="$SERVICE_ROLE" --no-psqlrc --quiet -U postgres -d postgres <<'SQL'
\set password `cat /run/secrets/service-password`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
