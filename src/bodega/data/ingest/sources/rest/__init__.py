"""REST APIs by declaration: what an ordinary API needs is a few lines of sources.yml.

Authentication, pages, a cursor with a lag window, the way to the records, names and types. One
request series runs for each of `each` (symbols, places, accounts), and reading goes on at the page
where it stopped.
"""
