-- As reported: revenue less its cost is the gross profit, to the minor unit, where all three are told.
select symbol, period_end, period, revenue_amount, cost_of_revenue_amount, gross_profit_amount
from {{ ref('fct_statements') }}
where gross_profit_amount <> revenue_amount - cost_of_revenue_amount
{{ config(severity='warn') }}
