{{ config(materialized='view') }}

select
  id as movement_id,
  variant_id,
  'stock:' || location as location_key,
  quantity,
  reason,
  reference_id,
  {{ utc_day('occurred_at') }} as movement_date,
  {{ month_of(utc_day('occurred_at')) }} as movement_month,
  occurred_at,
  known_at
from {{ ref('silver_stock_movements') }}
