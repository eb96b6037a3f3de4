{{ config(unique_key='order_month', meta={'month': 'order_month'}) }}

-- Months with a change are counted anew; each leaves a flagged row, so that an emptied month is emptied.
with months as (
  {{ changed_days('month') }}
),

counted as (
  select
    order_date as date,
    order_month,
    product_id,
    currency,
    count(distinct order_id) filter (where not is_return) as orders,
    coalesce(sum(quantity) filter (where not is_return), 0) as units,
    coalesce(-sum(quantity) filter (where is_return), 0) as returned_units,
    coalesce(sum(total_amount) filter (where not is_return), 0) as gross_amount,
    coalesce(-sum(total_amount) filter (where is_return), 0) as returns_amount,
    sum(total_amount) as net_amount,
    false as _removed
  from {{ ref('int_sales_lines') }}
  where not _removed
    and kind = 'product'
    and product_id is not null
    and order_month in (select changed from months)
  group by order_date, order_month, product_id, currency
),

emptied as (
  select
    cast(null as date) as date, changed as order_month, cast(null as {{ sql_type('varchar') }}) as product_id,
    cast(null as {{ sql_type('varchar') }}) as currency, 0, 0, 0, 0, 0, 0, true
  from months
)

select
  date,
  order_month,
  product_id,
  currency,
  orders,
  cast(units as bigint) as units,
  cast(returned_units as bigint) as returned_units,
  cast(gross_amount as bigint) as gross_amount,
  cast(returns_amount as bigint) as returns_amount,
  cast(net_amount as bigint) as net_amount,
  _removed,
  {{ this_batch() }} as _batch
from (select * from counted union all select * from emptied)
