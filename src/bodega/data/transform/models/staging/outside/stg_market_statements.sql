-- Sums come in whole units of the currency and leave in minor units. A statement is known as a whole
-- once its last part was.
{% set amounts = [
  'revenue', 'cost_of_revenue', 'gross_profit', 'operating_income', 'income_before_tax', 'income_tax', 'net_income',
  'current_assets', 'assets', 'current_liabilities', 'liabilities', 'equity', 'debt', 'cash', 'inventory',
  'operating_cash_flow', 'capital_expenditure', 'free_cash_flow', 'dividends_paid'
] %}

select
  symbol,
  period_end,
  period,
  fiscal_year,
  currency,
  {% for name in amounts %}
  cast(round({{ name }} * {{ minor_factor('currency') }}, 0) as bigint) as {{ name }}_amount,
  {% endfor %}
  eps,
  eps_diluted,
  cast(shares_diluted as bigint) as shares_diluted,
  greatest(income_known_at, balance_known_at, cash_known_at) as known_at,
  case when currency is null then 'currency: missing' end as _reject_reason
from {{ source('mapped', 'market_statements') }}
