{{ config(materialized='view') }}

select date, currency, orders, units, returned_units, gross_amount, returns_amount, net_amount
from {{ ref('int_daily_sales') }}
where not _removed
