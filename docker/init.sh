#!/bin/sh
# What must be there before Airflow's services start. Safe to run again.
set -eu

airflow db migrate
python -m sojourn.airflow.pools

# The web interface's user, kept where Airflow's simple auth manager looks for it.
python - <<'PYTHON'
import json, os, pathlib
file = pathlib.Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
file.touch(mode=0o600)
file.write_text(json.dumps({os.environ["AIRFLOW_USER"]: os.environ["AIRFLOW_PASSWORD"]}))
PYTHON

python -m sojourn manifest
