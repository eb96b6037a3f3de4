"""Every query of pricing, one file a concept."""
