"""The outside of payments: the provider port, Stripe behind it, and Stripe's local double."""
