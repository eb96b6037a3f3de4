"""The UCI "Online Retail" file into the operational store.

One CSV row is one invoice line. The file is read twice: `survey` learns its products, customers
and where each invoice ends and sets malformed rows aside; `assemble` then builds orders and returns
in batches. Every rule is stated in `rules` and in docs/import-online-retail.md, and counted in the
report, whose categories add up to the rows of the file. Σ quantity × price of the rows kept equals
Σ line totals of orders less those of returns, to the cent.
"""
