{{ config(unique_key='line_id') }}

-- Every line ever sold or returned whose parent is known; what no longer counts stays, flagged, so
-- that what lies downstream learns of it.
with sold as (
  select
    lines.id as line_id,
    false as is_return,
    lines.order_id,
    cast(null as varchar) as return_id,
    orders.number,
    orders.customer_id,
    orders.country,
    lines.kind,
    lines.product_id,
    lines.variant_id,
    lines.sku,
    lines.title,
    lines.quantity,
    lines.unit_price_amount,
    lines.total_amount,
    lines.currency,
    orders.occurred_at,
    greatest(lines.known_at, orders.known_at) as known_at,
    orders.source,
    not ({{ fit('lines') }} and {{ fit('orders') }} and orders.status <> 'cancelled') as _removed
  from {{ ref('stg_order_lines') }} as lines
  inner join {{ ref('stg_orders') }} as orders on orders.id = lines.order_id
  where {{ changed_since_last_run('lines') }} or {{ changed_since_last_run('orders') }}
),

returned as (
  select
    lines.id as line_id,
    true as is_return,
    returns.order_id,
    lines.return_id,
    case when {{ fit('orders') }} then orders.number end as number,
    returns.customer_id,
    returns.country,
    lines.kind,
    lines.product_id,
    lines.variant_id,
    lines.sku,
    lines.title,
    -lines.quantity as quantity,
    lines.unit_price_amount,
    -lines.total_amount as total_amount,
    lines.currency,
    returns.occurred_at,
    greatest(lines.known_at, returns.known_at) as known_at,
    returns.source,
    not ({{ fit('lines') }} and {{ fit('returns') }}) as _removed
  from {{ ref('stg_return_lines') }} as lines
  inner join {{ ref('stg_returns') }} as returns on returns.id = lines.return_id
  left join {{ ref('stg_orders') }} as orders on orders.id = returns.order_id
  where {{ changed_since_last_run('lines') }}
    or {{ changed_since_last_run('returns') }}
    or coalesce({{ changed_since_last_run('orders') }}, false)
)

select
  *,
  {{ utc_day('occurred_at') }} as order_date,
  {{ month_of(utc_day('occurred_at')) }} as order_month,
  {{ this_batch() }} as _batch
from (select * from sold union all select * from returned)
