-- Every total of interest at once: `level` names the columns a row is a total over; the others are null.
with lines as (
  select
    lines.order_month,
    lines.country,
    {{ channel_key('lines.source', 'lines.currency') }} as channel_key,
    products.category,
    lines.currency,
    lines.order_id,
    lines.is_return,
    lines.kind,
    lines.quantity,
    lines.total_amount
  from {{ ref('fct_order_lines') }} as lines
  left join {{ ref('dim_products') }} as products on products.product_id = lines.product_id
)

select
  case {{ grouping_bits(['order_month', 'country', 'channel_key', 'category']) }}
    when 15 then 'total'
    when 7 then 'month'
    when 11 then 'country'
    when 13 then 'channel'
    when 14 then 'category'
    when 3 then 'month, country'
    when 6 then 'month, category'
  end as level,
  order_month,
  country,
  channel_key,
  category,
  currency,
  count(distinct case when not is_return then order_id end) as orders,
  cast(sum(case when kind = 'product' then quantity else 0 end) as bigint) as net_units,
  cast(sum(case when not is_return then total_amount else 0 end) as bigint) as gross_amount,
  cast(-sum(case when is_return then total_amount else 0 end) as bigint) as returns_amount,
  cast(sum(total_amount) as bigint) as net_amount
from lines
group by grouping sets (
  (currency),
  (currency, order_month),
  (currency, country),
  (currency, channel_key),
  (currency, category),
  (currency, order_month, country),
  (currency, order_month, category)
)
