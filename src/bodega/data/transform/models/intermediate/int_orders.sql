{{ config(unique_key='order_id', meta={'month': 'order_month'}) }}

-- Every order ever placed beside what its lines add up to. One that changes hands has changed for
-- the persons it left, too.
with touched as (
  select id from {{ ref('stg_orders') }} as orders where {{ changed_since_last_run('orders') }}
  union
  select order_id from {{ ref('stg_order_lines') }} as lines where {{ changed_since_last_run('lines') }}
  union
  select order_id from {{ ref('stg_returns') }} as returns where {{ changed_since_last_run('returns') }}
),

lines as (
  select
    order_id,
    count(*) filter (where {{ fit('lines') }}) as line_count,
    coalesce(sum(quantity) filter (where {{ fit('lines') }} and kind = 'product'), 0) as units,
    coalesce(sum(total_amount) filter (where {{ fit('lines') }}), 0) as lines_amount,
    coalesce(sum(discount_amount) filter (where {{ fit('lines') }}), 0) as discount_amount,
    sum(tax_amount) filter (where {{ fit('lines') }}) as tax_amount,
    coalesce(sum(total_amount) filter (where {{ fit('lines') }} and kind = 'shipping'), 0) as shipping_amount,
    count(*) filter (where not _deleted and _reject_reason is not null) as rejected_lines,
    count(distinct currency) filter (where {{ fit('lines') }}) as currencies,
    max(known_at) filter (where {{ fit('lines') }}) as known_at
  from {{ ref('stg_order_lines') }} as lines
  where order_id in (select id from touched)
  group by order_id
),

credits as (
  select
    order_id,
    sum(total_amount) filter (where {{ fit('returns') }}) as amount,
    max(known_at) filter (where {{ fit('returns') }}) as known_at
  from {{ ref('stg_returns') }} as returns
  where order_id in (select id from touched)
  group by order_id
)

select
  orders.id as order_id,
  orders.number,
  orders.checkout_id,
  orders.customer_id,
  orders.country,
  orders.email as email_token,
  orders.status,
  orders.currency,
  orders.subtotal_amount,
  orders.total_amount,
  coalesce(lines.line_count, 0) as line_count,
  cast(coalesce(lines.units, 0) as bigint) as units,
  cast(coalesce(lines.lines_amount, 0) as bigint) as lines_amount,
  cast(coalesce(lines.discount_amount, 0) as bigint) as discount_amount,
  cast(lines.tax_amount as bigint) as tax_amount,
  cast(coalesce(lines.shipping_amount, 0) as bigint) as shipping_amount,
  orders.shipping_method,
  cast(coalesce(credits.amount, 0) as bigint) as credited_amount,
  coalesce(orders.refunded_amount, 0) as refunded_amount,
  coalesce(lines.rejected_lines, 0) as rejected_lines,
  coalesce(lines.currencies, 0) as currencies,
  orders.source,
  {{ utc_day('orders.occurred_at') }} as order_date,
  {{ month_of(utc_day('orders.occurred_at')) }} as order_month,
  orders.occurred_at,
  greatest(
    orders.known_at, coalesce(lines.known_at, orders.known_at), coalesce(credits.known_at, orders.known_at)
  ) as known_at,
  coalesce({{ buyer('orders.customer_id', 'orders.email') }}, '') as person_key,
  {% if is_incremental() %}
  case
    when before._batch > (select good from {{ source('meta', 'refresh') }})
      then list_append(before._persons_left, before.person_key)
    else [before.person_key]
  end as _persons_left,
  {% else %}
  {{ empty_list() }} as _persons_left,
  {% endif %}
  not {{ fit('orders') }} as _removed,
  {{ this_batch() }} as _batch
from {{ ref('stg_orders') }} as orders
left join lines on lines.order_id = orders.id
left join credits on credits.order_id = orders.id
{% if is_incremental() %}
left join (
  select order_id, person_key, _persons_left, _batch from {{ this }} where order_id in (select id from touched)
) as before on before.order_id = orders.id
{% endif %}
where orders.id in (select id from touched)
