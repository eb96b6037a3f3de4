"""Reports: metrics of a period by chosen dimensions, declared in `reports.yml`, as a mail, a page
or CSV. What a metric is stands where it always does."""
