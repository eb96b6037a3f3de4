"""Files pricing reads: the shipped tax table, exchange rates as the ECB publishes them."""
