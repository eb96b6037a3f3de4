"""The page on which a buyer proves to their bank that it is them, as the double shows it."""

from html import escape

from bodega.commerce.payments.adapters.double_store import Object


def challenge(intent: Object) -> str:
    """Two buttons: authorise, or fail."""
    amount = f"{intent['amount']} {intent['currency'].upper()}" if "amount" in intent else "a card"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>3-D Secure test page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 24rem }}
button {{ font: inherit; padding: .6rem 1rem; margin: .5rem .5rem 0 0; min-height: 44px }}
</style></head><body>
<h1>Is it you?</h1>
<p>Your bank asks before <strong>{escape(amount)}</strong> (minor units) goes through.
This page stands in for it: no real bank is involved.</p>
<form method="post">
<button name="outcome" value="authorise">Authorise</button>
<button name="outcome" value="fail">Fail</button>
</form></body></html>"""
