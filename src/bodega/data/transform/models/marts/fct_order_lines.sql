{{ config(materialized='view') }}

select
  line_id,
  is_return,
  order_id,
  return_id,
  number,
  customer_id,
  country,
  kind,
  product_id,
  variant_id,
  sku,
  title,
  quantity,
  unit_price_amount,
  total_amount,
  discount_amount,
  tax_amount,
  tax_included,
  currency,
  order_date,
  order_month,
  occurred_at,
  known_at,
  source
from {{ ref('int_sales_lines') }}
where not _removed
