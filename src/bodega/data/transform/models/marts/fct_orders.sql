{{ config(materialized='view') }}

select
  order_id,
  number,
  checkout_id,
  customer_id,
  country,
  email_token,
  status,
  line_count,
  units,
  subtotal_amount,
  total_amount,
  discount_amount,
  tax_amount,
  shipping_amount,
  shipping_method,
  credited_amount,
  refunded_amount,
  total_amount - credited_amount as net_amount,
  currency,
  order_date,
  order_month,
  occurred_at,
  known_at,
  source
from {{ ref('int_orders') }}
where not _removed
