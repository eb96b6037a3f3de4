{{ config(materialized='view') }}

-- The months of each buyer, and all of them in one row (no month). A guest is known by the token of the e-mail and becomes the account of
-- the same e-mail when there is one.
with accounts as (
  select 'guest:' || email_token as person_key, min(customer_id) as customer_id
  from {{ ref('dim_customers') }}
  where email_token is not null
  group by email_token
)

select
  case when months.person_key <> '' then coalesce(accounts.customer_id, months.person_key) end as buyer_key,
  months.currency,
  months.order_month,
  months.orders,
  months.gross_amount,
  months.returns_amount,
  months.first_date,
  months.last_date,
  months.country
from {{ ref('int_buyer_months') }} as months
left join accounts on accounts.person_key = months.person_key
where not months._removed
