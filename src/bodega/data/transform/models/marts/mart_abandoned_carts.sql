{{ config(materialized='view') }}

-- Carts that were left, by the day they were given up, and those of them that were ordered after all.
select
  {{ utc_day('abandoned_at') }} as date,
  currency,
  count(*) as carts,
  count(customer_id) as carts_of_accounts,
  cast(sum(units) as bigint) as units,
  cast(coalesce(sum(value_amount), 0) as bigint) as value_amount,
  count(ordered_at) as won_back,
  cast(coalesce(sum(value_amount) filter (where ordered_at is not null), 0) as bigint) as won_back_amount
from {{ ref('silver_abandonments') }}
group by {{ utc_day('abandoned_at') }}, currency
