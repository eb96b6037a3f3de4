{{ config(materialized='view') }}

select
  customer_id,
  {{ version_key('customer_id', 'valid_from') }} as version_key,
  role,
  status,
  country,
  valid_from,
  valid_to,
  is_current
from {{ ref('silver_customer_history') }}
