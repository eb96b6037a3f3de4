"""Values without I/O that every layer may use: money, ids, time, errors, events, pages."""
