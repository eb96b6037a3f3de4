-- What each buyer is worth. A guest is known by the token of the e-mail and becomes the account of
-- the same e-mail when there is one. Recency is counted to the newest order of all, so that the same
-- orders always give the same numbers.
with accounts as (
  select email_token, min(customer_id) as customer_id
  from {{ ref('dim_customers') }}
  where email_token is not null
  group by email_token
),

orders as (
  select
    coalesce(orders.customer_id, accounts.customer_id, 'guest:' || orders.email_token) as buyer_key,
    orders.order_id,
    orders.order_date,
    orders.country,
    orders.currency,
    orders.total_amount
  from {{ ref('fct_orders') }} as orders
  left join accounts on accounts.email_token = orders.email_token
  where orders.status <> 'cancelled'
),

returned as (
  select order_id, cast(-sum(total_amount) as bigint) as returned_amount
  from {{ ref('fct_order_lines') }}
  where is_return
  group by order_id
),

buyers as (
  select
    orders.buyer_key,
    orders.currency,
    count(*) as orders,
    cast(sum(orders.total_amount) as bigint) as gross_amount,
    cast(coalesce(sum(returned.returned_amount), 0) as bigint) as returns_amount,
    min(orders.order_date) as first_date,
    max(orders.order_date) as last_date,
    max(orders.country) as country
  from orders
  left join returned on returned.order_id = orders.order_id
  where orders.buyer_key is not null
  group by orders.buyer_key, orders.currency
),

measured as (
  select
    *,
    gross_amount - returns_amount as net_amount,
    cast({{ days_between('last_date', '(select max(order_date) from orders)') }} as bigint) as recency_days
  from buyers
)

select
  buyer_key,
  currency,
  buyer_key like 'guest:%' as is_guest,
  country,
  orders,
  gross_amount,
  returns_amount,
  net_amount,
  first_date,
  last_date,
  {{ month_of('first_date') }} as cohort_month,
  recency_days,
  case
    when orders >= 3 and recency_days <= 90 then 'loyal'
    when orders >= 2 and recency_days <= 180 then 'returning'
    when orders = 1 and recency_days <= 60 then 'new'
    when recency_days <= 180 then 'cooling'
    else 'gone'
  end as segment
from measured
