with buyers as (
  select currency, sum(gross_amount) as gross, sum(orders) as orders from {{ ref('mart_customers') }} group by currency
),

cohorts as (
  select currency, sum(gross_amount) as gross, sum(orders) as orders from {{ ref('mart_cohorts') }} group by currency
)

select *
from buyers
full outer join cohorts on cohorts.currency = buyers.currency
where buyers.gross is distinct from cohorts.gross or buyers.orders is distinct from cohorts.orders
