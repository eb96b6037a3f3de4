"""The events of this release as Avro schemas: made from the contracts, kept in the repository.

    catalogue   every event that a contract tells of
    schemas     the schema of a message: envelope and payload as one record
    kept        `contracts/schemas/<type>.v<version>[.r<revision>].avsc`, never changed again
    check       made against kept, kept against kept, upcasters against both
    page        docs/events.md

`python -m bodega.ops.events` keeps what is new and writes the page.
"""
