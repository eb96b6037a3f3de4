-- Of those who first bought in a month: how many bought again, how many months later, for how much.
with months as (
  select
    buyers.buyer_key,
    buyers.cohort_month,
    cast({{ months_between('buyers.first_date', 'months.first_date') }} as bigint) as months_later,
    months.currency,
    months.orders,
    months.gross_amount
  from {{ ref('int_buyers') }} as months
  inner join {{ ref('mart_customers') }} as buyers
    on buyers.buyer_key = months.buyer_key and buyers.currency = months.currency
  where months.order_month is not null
)

select
  cohort_month,
  currency,
  months_later,
  count(distinct buyer_key) as buyers,
  cast(sum(orders) as bigint) as orders,
  cast(sum(gross_amount) as bigint) as gross_amount
from months
group by cohort_month, currency, months_later
