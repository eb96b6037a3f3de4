{{ config(materialized='view') }}

select
  date, order_month, product_id, currency,
  orders, units, returned_units, gross_amount, returns_amount, net_amount
from {{ ref('int_product_sales') }}
where not _removed
