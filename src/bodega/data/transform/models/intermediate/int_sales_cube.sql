{{ config(unique_key='order_month') }}

-- Totals within a month: of all, by country, by channel and by category.
-- Months with a change are counted anew, and those in which a product was sold whose category may
-- have changed; each leaves a flagged row, so that an emptied month is emptied.
with months as (
  {{ changed_days('month') }}
  union
  select order_month from {{ ref('int_sales_lines') }}
  where order_month is not null and product_id in (
    select id from {{ ref('stg_products') }} as products where {{ changed_since_last_run('products') }}
  )
),

lines as (
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
  from {{ ref('int_sales_lines') }} as lines
  left join {{ ref('stg_products') }} as products on products.id = lines.product_id and {{ fit('products') }}
  where not lines._removed and lines.order_month in (select changed from months)
),

counted as (
  select
    case {{ grouping_bits(['country', 'channel_key', 'category']) }}
      when 7 then 'month'
      when 3 then 'month, country'
      when 5 then 'month, channel'
      when 6 then 'month, category'
    end as level,
    order_month,
    country,
    channel_key,
    category,
    currency,
    count(distinct case when not is_return then order_id end) as orders,
    sum(case when kind = 'product' then quantity else 0 end) as net_units,
    sum(case when not is_return then total_amount else 0 end) as gross_amount,
    -sum(case when is_return then total_amount else 0 end) as returns_amount,
    false as _removed
  from lines
  group by grouping sets (
    (currency, order_month),
    (currency, order_month, country),
    (currency, order_month, channel_key),
    (currency, order_month, category)
  )
),

emptied as (
  select
    cast(null as {{ sql_type('varchar') }}) as level,
    changed as order_month,
    cast(null as {{ sql_type('varchar') }}) as country,
    cast(null as {{ sql_type('varchar') }}) as channel_key,
    cast(null as {{ sql_type('varchar') }}) as category,
    cast(null as {{ sql_type('varchar') }}) as currency,
    0, 0, 0, 0, true
  from months
)

select
  level,
  order_month,
  country,
  channel_key,
  category,
  currency,
  orders,
  cast(net_units as bigint) as net_units,
  cast(gross_amount as bigint) as gross_amount,
  cast(returns_amount as bigint) as returns_amount,
  _removed,
  {{ this_batch() }} as _batch
from (select * from counted union all select * from emptied)
