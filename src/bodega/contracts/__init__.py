"""What modules promise each other: one file a module, Protocols, values and versioned events."""
