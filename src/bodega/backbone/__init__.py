"""The spine: settings, database, events, jobs and the HTTP edge; knows no domain, loads no lake."""
