select
  order_date as date,
  order_month,
  product_id,
  currency,
  count(distinct order_id) filter (where not is_return) as orders,
  cast(coalesce(sum(quantity) filter (where not is_return), 0) as bigint) as units,
  cast(coalesce(-sum(quantity) filter (where is_return), 0) as bigint) as returned_units,
  cast(coalesce(sum(total_amount) filter (where not is_return), 0) as bigint) as gross_amount,
  cast(coalesce(-sum(total_amount) filter (where is_return), 0) as bigint) as returns_amount,
  cast(sum(total_amount) as bigint) as net_amount
from {{ ref('fct_order_lines') }}
where kind = 'product' and product_id is not null
group by order_date, order_month, product_id, currency
