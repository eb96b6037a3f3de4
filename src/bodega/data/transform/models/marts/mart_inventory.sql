-- What lies where, what it would bring, and how long it lasts at the pace of the last 28 days of sales.
with pace as (
  select variant_id, cast(sum(quantity) as bigint) as units_28d
  from {{ ref('fct_order_lines') }}
  where kind = 'product'
    and order_date > (select max(order_date) from {{ ref('fct_order_lines') }}) - interval '28' day
  group by variant_id
),

moved as (
  select variant_id, location_key, cast(sum(quantity) as bigint) as ledger_units, max(occurred_at) as last_moved_at
  from {{ ref('fct_stock_movements') }}
  group by variant_id, location_key
)

select
  levels.variant_id,
  'stock:' || levels.location as location_key,
  variants.product_id,
  variants.sku,
  levels.on_hand,
  moved.ledger_units,
  variants.price_amount * levels.on_hand as value_amount,
  variants.price_currency as currency,
  coalesce(pace.units_28d, 0) as units_28d,
  case when pace.units_28d > 0 then cast(floor(levels.on_hand * 28.0 / pace.units_28d) as bigint) end as cover_days,
  moved.last_moved_at
from {{ ref('silver_stock_levels') }} as levels
left join {{ ref('silver_variants') }} as variants on variants.id = levels.variant_id
left join pace on pace.variant_id = levels.variant_id
left join moved on moved.variant_id = levels.variant_id and moved.location_key = 'stock:' || levels.location
