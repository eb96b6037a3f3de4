{{ config(materialized='view') }}

-- Where goods lie, and the countries they go to: one dimension, told apart by `kind`.
select
  'stock:' || location as location_key,
  'stock' as kind,
  location as code
from {{ ref('silver_stock_levels') }}
group by location
union all
select
  'country:' || country as location_key,
  'country' as kind,
  country as code
from {{ ref('fct_orders') }}
where country is not null
group by country
