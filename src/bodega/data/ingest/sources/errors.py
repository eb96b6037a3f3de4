"""What can go wrong between a source and bronze.

SourceError
├── SourcesMalformed (Invalid)        sources.yml breaks a rule
├── SourceUnknown (NotFound)          no such source or stream
├── SourceRefused (Rejected)          the source answers, and not with what was declared
├── SourceUnreachable (Unavailable)   it does not answer now; what was read is kept
├── SchemaFrozen (Conflict)           its shape changed and the stream's contract forbids that
├── StreamBusy (Conflict)             another process is reading the same stream
└── StateLost (Conflict)              a lake put back from elsewhere lacks its state
"""

from bodega.kernel.errors import Conflict, Invalid, NotFound, Rejected, Unavailable


class SourcesMalformed(Invalid):
    code = "sources_malformed"
    title = "The sources file breaks a rule"


class SourceUnknown(NotFound):
    code = "source_unknown"
    title = "There is no such source or stream: see `bodega sources list`"


class SourceRefused(Rejected):
    code = "source_refused"
    title = "The source does not answer with what was declared"


class SourceUnreachable(Unavailable):
    code = "source_unreachable"
    title = "The source does not answer: what was read is kept, try again later"


class SchemaFrozen(Conflict):
    code = "source_schema_frozen"
    title = "The source's shape changed, and the stream's contract is frozen"


class StreamBusy(Conflict):
    code = "source_stream_busy"
    title = "Another process is reading this stream: wait for it, then read again"


class StateLost(Conflict):
    code = "source_state_lost"
    title = "The state of this stream is gone: read it anew with --full"
