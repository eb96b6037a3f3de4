"""Pricing: promotions and coupons, taxes, exchange rates; what a basket costs, exact to the line.

Tables: pricing.promotions, pricing.coupons, pricing.redemptions, pricing.tax_rates,
pricing.tax_countries, pricing.exchange_rates.
Events out: pricing.coupon_redeemed. Events in: none.
"""
