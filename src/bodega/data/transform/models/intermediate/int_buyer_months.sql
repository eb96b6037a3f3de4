{{ config(unique_key='person_key') }}

-- What each person ordered in each month, and in all (no month): an account, or the token of a guest's
-- e-mail; '' is nobody known. Persons with a change are counted anew; each leaves a flagged row, so that one who has no
-- orders left is emptied.
with touched as (
  select person_key as id from {{ ref('int_orders') }} as orders where {{ changed_since_last_run('orders') }}
  {% if is_incremental() %}
  union
  select unnest(_persons_left) from {{ ref('int_orders') }} as orders where {{ changed_since_last_run('orders') }}
  {% endif %}
  union
  select person_key from {{ ref('int_orders') }}
  where order_id in (
    select order_id from {{ ref('int_sales_lines') }} as lines where is_return and {{ changed_since_last_run('lines') }}
  )
),

orders as (
  select person_key, currency, order_month, order_date, country, order_id, total_amount
  from {{ rows_of(ref('int_orders'), 'person_key', 'touched') }} as orders
  where not _removed and status <> 'cancelled'
),

returned as (
  select order_id, -sum(total_amount) as amount
  from {{ ref('int_sales_lines') }}
  where is_return and not _removed and order_id in (select order_id from orders)
  group by order_id
),

counted as (
  select
    orders.person_key,
    orders.currency,
    orders.order_month,
    count(*) as orders,
    sum(orders.total_amount) as gross_amount,
    coalesce(sum(returned.amount), 0) as returns_amount,
    min(orders.order_date) as first_date,
    max(orders.order_date) as last_date,
    max(orders.country) as country,
    false as _removed
  from orders
  left join returned on returned.order_id = orders.order_id
  group by grouping sets (
    (orders.person_key, orders.currency, orders.order_month), (orders.person_key, orders.currency)
  )
),

emptied as (
  select
    id as person_key, cast(null as {{ sql_type('varchar') }}) as currency,
    cast(null as {{ sql_type('varchar') }}) as order_month, 0, 0, 0, cast(null as date) as first_date,
    cast(null as date) as last_date, cast(null as {{ sql_type('varchar') }}) as country, true
  from touched
  where id is not null
)

select
  person_key,
  currency,
  order_month,
  orders,
  cast(gross_amount as bigint) as gross_amount,
  cast(returns_amount as bigint) as returns_amount,
  first_date,
  last_date,
  country,
  _removed,
  {{ this_batch() }} as _batch
from (select * from counted union all select * from emptied)
