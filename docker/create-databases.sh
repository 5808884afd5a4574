#!/bin/bash
# Run by the postgres image on its first start: two databases, each owned by a role of its own.
set -euo pipefail

create() { # role, password
  psql --username "$POSTGRES_USER" --set=ON_ERROR_STOP=1 --set=role="$1" --set=password="$2" <<'SQL'
create role :"role" login password :'password';
create database :"role" owner :"role";
revoke connect on database :"role" from public;
SQL
}

create airflow "$AIRFLOW_DATABASE_PASSWORD"
create sojourn "$SOJOURN_POSTGRES_PASSWORD"
