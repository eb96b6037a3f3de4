with lines as (
  select currency, count(distinct order_date) as days, sum(total_amount) as net
  from {{ changed_rows(ref('fct_order_lines')) }} as lines
  group by currency
),

days as (
  select currency, count(*) as days, sum(net_amount) as net, sum(gross_amount - returns_amount) as difference
  from {{ ref('mart_daily_sales') }}
  where {{ in_changed_months(month_of('date'), 'int_sales_lines') }}
  group by currency
)

select *
from lines
full outer join days on days.currency = lines.currency
where lines.net is distinct from days.net
  or lines.days is distinct from days.days
  or days.difference is distinct from days.net
