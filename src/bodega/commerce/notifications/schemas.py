"""Notifications have no request bodies."""
