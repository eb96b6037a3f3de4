"""PostgreSQL and Valkey as child processes, from programs that wheels bring."""
