"""Models: features, training, registry, serving; answers the shop through contracts."""
