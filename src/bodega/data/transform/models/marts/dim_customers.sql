-- A customer who ordered before identity told of the account is inferred until it does.
with known as (
  select id as customer_id, role, status, country, email_token, false as is_inferred, source, occurred_at as joined_at, known_at
  from {{ ref('silver_customers') }}
),

unknown as (
  select person_key as customer_id from {{ ref('int_buyer_months') }}
  where _removed and person_key <> '' and person_key not like 'guest:%' and person_key not in (select customer_id from known)
  union
  select customer_id from {{ ref('stg_returns') }}
  where customer_id is not null and customer_id not in (select customer_id from known)
),

buyers as (
  select customer_id, country, email_token, source, occurred_at, known_at from {{ ref('fct_orders') }}
  where customer_id in (select customer_id from unknown)
  union all
  select customer_id, country, null as email_token, source, occurred_at, known_at
  from {{ ref('fct_order_lines') }} where is_return and customer_id in (select customer_id from unknown)
),

inferred as (
  select
    customer_id,
    'customer' as role,
    'unknown' as status,
    max(country) as country,
    max(email_token) as email_token,
    true as is_inferred,
    max(source) as source,
    min(occurred_at) as joined_at,
    min(known_at) as known_at
  from buyers
  group by customer_id
)

select * from known
union all
select * from inferred
