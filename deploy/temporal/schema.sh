#!/bin/sh
# Creates Temporal's two databases, or brings them to the schema of this version. Repeating it changes nothing.
# Part of docker-compose.yml. The tool reads SQL_USER and SQL_PASSWORD itself.
set -eu

# database, folder of its schema
update() {
  tool="temporal-sql-tool --plugin postgres12 --endpoint $SQL_HOST --port $SQL_PORT --database $1"
  $tool create
  $tool setup-schema --version 0.0
  $tool update-schema --schema-name "postgresql/v12/$2"
}

update temporal temporal
update temporal_visibility visibility
