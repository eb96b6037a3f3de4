"""What can be wrong with reports.

ReportsMalformed   reports.yml breaks a rule
ReportUnknown      no report has that name
ReportUndelivered  the mail could not be handed over
"""

from bodega.kernel.errors import Invalid, NotFound, Unavailable


class ReportsMalformed(Invalid):
    code = "reports_malformed"
    title = "reports.yml cannot be used: mend what it says"


class ReportUnknown(NotFound):
    code = "report_unknown"
    title = "There is no such report: see `bodega reports list`"


class ReportUndelivered(Unavailable):
    code = "report_undelivered"
    title = "The report could not be sent: it is tried again"
