"""What the files in `dags/` share, and what runs Airflow on one machine."""
