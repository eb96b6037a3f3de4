"""The shop in numbers, read from published gold."""
