-- What each buyer is worth. Recency is counted to the newest order of all, so that the same orders
-- always give the same numbers.
with buyers as (
  select
    buyer_key,
    currency,
    cast(sum(orders) as bigint) as orders,
    cast(sum(gross_amount) as bigint) as gross_amount,
    cast(sum(returns_amount) as bigint) as returns_amount,
    min(first_date) as first_date,
    max(last_date) as last_date,
    max(country) as country
  from {{ ref('int_buyers') }}
  where buyer_key is not null and order_month is null
  group by buyer_key, currency
),

measured as (
  select
    *,
    gross_amount - returns_amount as net_amount,
    cast({{ days_between('last_date', '(select max(last_date) from ' ~ ref('int_buyers') ~ ' where order_month is null)') }} as bigint) as recency_days
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
