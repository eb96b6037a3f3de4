"""APIs that are known: each is a few settings, which become a REST declaration."""
