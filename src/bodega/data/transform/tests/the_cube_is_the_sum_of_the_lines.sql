-- To the minor unit, on every level.
with lines as (
  select currency, sum(total_amount) as net from {{ ref('fct_order_lines') }} group by currency
),

levels as (
  select currency, level, sum(net_amount) as net from {{ ref('mart_sales_cube') }} group by currency, level
)

select levels.currency, levels.level, levels.net, lines.net as expected
from levels
left join lines on lines.currency = levels.currency
where levels.net is distinct from lines.net
