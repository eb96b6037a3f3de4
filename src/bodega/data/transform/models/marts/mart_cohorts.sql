-- Of those who first bought in a month: how many bought again, how many months later, for how much.
with orders as (
  select
    buyers.buyer_key,
    buyers.cohort_month,
    buyers.first_date,
    orders.order_date,
    orders.currency,
    orders.total_amount
  from {{ ref('fct_orders') }} as orders
  left join (
    select email_token, min(customer_id) as customer_id
    from {{ ref('dim_customers') }}
    where email_token is not null
    group by email_token
  ) as accounts on accounts.email_token = orders.email_token
  inner join {{ ref('mart_customers') }} as buyers
    on buyers.buyer_key = coalesce(orders.customer_id, accounts.customer_id, 'guest:' || orders.email_token)
    and buyers.currency = orders.currency
  where orders.status <> 'cancelled'
)

select
  cohort_month,
  currency,
  cast({{ months_between('first_date', 'order_date') }} as bigint) as months_later,
  count(distinct buyer_key) as buyers,
  count(*) as orders,
  cast(sum(total_amount) as bigint) as gross_amount
from orders
group by cohort_month, currency, {{ months_between('first_date', 'order_date') }}
