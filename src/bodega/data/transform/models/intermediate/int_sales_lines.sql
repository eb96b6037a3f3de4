{{ config(unique_key='line_id', meta={'month': 'order_month'}) }}

-- Every line ever sold or returned whose parent is known; what no longer counts stays, flagged, so
-- that what lies downstream learns of it.
with touched_orders as (
  select id from {{ ref('stg_orders') }} as orders where {{ changed_since_last_run('orders') }}
  union
  select order_id from {{ ref('stg_order_lines') }} as lines where {{ changed_since_last_run('lines') }}
),

touched_returns as (
  select id from {{ ref('stg_returns') }} as returns
  where {{ changed_since_last_run('returns') }} or order_id in (select id from touched_orders)
  union
  select return_id from {{ ref('stg_return_lines') }} as lines where {{ changed_since_last_run('lines') }}
),

sold as (
  select
    lines.id as line_id,
    false as is_return,
    lines.order_id,
    cast(null as {{ sql_type('varchar') }}) as return_id,
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
    coalesce(lines.discount_amount, 0) as discount_amount,
    lines.tax_amount,
    lines.tax_included,
    lines.currency,
    orders.occurred_at,
    greatest(lines.known_at, orders.known_at) as known_at,
    orders.source,
    not ({{ fit('lines') }} and {{ fit('orders') }} and orders.status <> 'cancelled') as _removed
  from {{ rows_of(ref('stg_order_lines'), 'order_id', 'touched_orders') }} as lines
  inner join {{ rows_of(ref('stg_orders'), 'id', 'touched_orders') }} as orders on orders.id = lines.order_id
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
    cast(0 as bigint) as discount_amount,
    cast(null as bigint) as tax_amount,
    cast(null as boolean) as tax_included,
    lines.currency,
    returns.occurred_at,
    greatest(lines.known_at, returns.known_at) as known_at,
    returns.source,
    not ({{ fit('lines') }} and {{ fit('returns') }}) as _removed
  from {{ rows_of(ref('stg_return_lines'), 'return_id', 'touched_returns') }} as lines
  inner join {{ rows_of(ref('stg_returns'), 'id', 'touched_returns') }} as returns on returns.id = lines.return_id
  left join {{ ref('stg_orders') }} as orders on orders.id = returns.order_id
),

changed as (
  select * from sold
  union all
  select * from returned
)

-- A corrected date moves a line: the days it left since the last published refresh have changed, too.
select
  changed.*,
  {{ utc_day('changed.occurred_at') }} as order_date,
  {{ month_of(utc_day('changed.occurred_at')) }} as order_month,
  {{ days_left('before', 'order_date') }} as _days_left,
  {{ this_batch() }} as _batch
from changed
{% if is_incremental() %}
left join (
  select line_id, order_date, _days_left, _batch from {{ this }} where line_id in (select line_id from changed)
) as before on before.line_id = changed.line_id
{% endif %}
