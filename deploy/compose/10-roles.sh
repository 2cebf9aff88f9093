#!/bin/bash
# Run once by PostgreSQL's image, in an empty data directory: the three roles of docs/operations/install.md, with their passwords.
set -eu
psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /run/secrets/roles.sql
