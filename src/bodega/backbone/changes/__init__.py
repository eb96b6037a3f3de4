"""Every committed row change of PostgreSQL, in commit order, read from its write-ahead log.

    ReplicationStream   one slot's decoded messages; the reader confirms what it has kept
    ChangeFeed          snapshot, then stream, into a `Sink`, over crashes of either side
    Assembler           messages to `Change` values to batches of whole transactions

Positions are log sequence numbers as integers. A change's place is its transaction's commit
position and its sequence inside it; both are the same whenever it is read again. A position is
*complete* when every commit up to it has been handled.
"""
