{{ config(materialized='view') }}

select
  {{ channel_key('source', 'currency') }} as channel_key,
  coalesce(source, 'shop') as source,
  currency,
  coalesce(source, 'shop') <> 'shop' as is_import,
  min(order_date) as first_date
from (
  select source, currency, order_date from {{ ref('fct_orders') }}
  union all
  select source, currency, order_date from {{ ref('fct_order_lines') }} where is_return
)
group by source, currency
