"""What turns bronze into published gold: plain functions, run by a loop or by Dagster."""
