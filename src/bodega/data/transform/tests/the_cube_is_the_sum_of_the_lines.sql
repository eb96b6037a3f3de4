-- To the minor unit: each month is its lines, and every level the months.
with lines as (
  select currency, order_month, sum(total_amount) as net
  from {{ changed_rows(ref('fct_order_lines')) }} as sold
  group by currency, order_month
),

months as (
  select currency, order_month, net_amount as net from {{ ref('mart_sales_cube') }} where level = 'month'
),

changed as (
  select * from months where {{ in_changed_months('order_month', 'int_sales_lines') }}
),

levels as (
  select currency, level, sum(net_amount) as net from {{ ref('mart_sales_cube') }} group by currency, level
),

whole as (
  select currency, sum(net) as net from months group by currency
)

select coalesce(changed.order_month, lines.order_month) as place, changed.net, lines.net as expected
from changed
full outer join lines on lines.currency = changed.currency and lines.order_month = changed.order_month
where changed.net is distinct from lines.net
union all
select levels.level, levels.net, whole.net
from levels
left join whole on whole.currency = levels.currency
where levels.net is distinct from whole.net
