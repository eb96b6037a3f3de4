"""The HTTP edge: parse, one call, shape; everything that is the same for every route."""
