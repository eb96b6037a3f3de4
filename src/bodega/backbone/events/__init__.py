"""Outbox → relay → event log → handlers: lost by no crash, handled once in effect."""
