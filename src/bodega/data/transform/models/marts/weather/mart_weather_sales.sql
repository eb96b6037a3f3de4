{{ config(materialized='view') }}

-- A place with a country stands for the orders sent there; one without stands for the whole shop. Addresses never
-- enter the lake, so a country is as near as a sale can be placed. Days without a sale are in it, in no currency.
with sales as (
  select
    order_date,
    country,
    currency,
    count(distinct case when not is_return then order_id end) as orders,
    sum(case when kind = 'product' then quantity else 0 end) as net_units,
    sum(case when not is_return then total_amount else 0 end) as gross_amount,
    sum(total_amount) as net_amount
  from {{ ref('fct_order_lines') }}
  where order_date in (select weather_date from {{ ref('fct_weather_days') }})
  group by order_date, country, currency
)

select
  weather.place,
  weather.weather_date as date,
  sales.currency,
  max(weather.temperature_max) as temperature_max,
  max(weather.temperature_min) as temperature_min,
  max(weather.precipitation) as precipitation,
  max(weather.wind_max) as wind_max,
  max(weather.precipitation) >= 1 as is_wet,
  cast(coalesce(sum(sales.orders), 0) as bigint) as orders,
  cast(coalesce(sum(sales.net_units), 0) as bigint) as net_units,
  cast(coalesce(sum(sales.gross_amount), 0) as bigint) as gross_amount,
  cast(coalesce(sum(sales.net_amount), 0) as bigint) as net_amount
from {{ ref('fct_weather_days') }} as weather
inner join {{ ref('dim_places') }} as places on places.place = weather.place
left join sales
  on sales.order_date = weather.weather_date
  and (places.country is null or sales.country = places.country)
where not weather.is_forecast
group by weather.place, weather.weather_date, sales.currency
