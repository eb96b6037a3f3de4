{{ config(materialized='view') }}

select
  product_id,
  {{ version_key('product_id', 'valid_from') }} as version_key,
  slug,
  title,
  category,
  status,
  valid_from,
  valid_to,
  is_current
from {{ ref('silver_product_history') }}
