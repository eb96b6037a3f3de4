{{ config(materialized='view') }}

-- Every total of interest at once: `level` names the columns a row is a total over; the others are null.
-- An order is of one month, so that the orders of months add up.
{% set over_all = {'total': 'month', 'country': 'month, country', 'channel': 'month, channel', 'category': 'month, category'} %}

with months as (
  select * from {{ ref('int_sales_cube') }} where not _removed
)

select
  level, order_month, country, channel_key, category, currency,
  orders, net_units, gross_amount, returns_amount, gross_amount - returns_amount as net_amount
from months
where level <> 'month, channel'
{% for level, within in over_all.items() %}
union all
select
  '{{ level }}' as level,
  cast(null as {{ sql_type('varchar') }}) as order_month,
  country,
  channel_key,
  category,
  currency,
  cast(sum(orders) as bigint) as orders,
  cast(sum(net_units) as bigint) as net_units,
  cast(sum(gross_amount) as bigint) as gross_amount,
  cast(sum(returns_amount) as bigint) as returns_amount,
  cast(sum(gross_amount - returns_amount) as bigint) as net_amount
from months
where level = '{{ within }}'
group by country, channel_key, category, currency
{% endfor %}
