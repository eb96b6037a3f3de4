"""How likely a purchase is a fraud: rules over published sales and the last hour's requests.

Rules first: they explain themselves to whoever reviews, and there are no labels to learn from yet;
every score is kept, to be joined with refusals and disputes once there are some.
"""

NAME = "purchase-risk"
VISITS = "purchase-visits"
VERSION = "rules-1"
