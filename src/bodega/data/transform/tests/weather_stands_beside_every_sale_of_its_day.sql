-- A place without a country stands for the whole shop: its sales are those of the day, to the minor unit.
select weather.place, weather.date, weather.currency, weather.net_amount, days.net_amount as expected
from {{ ref('mart_weather_sales') }} as weather
inner join {{ ref('dim_places') }} as places on places.place = weather.place and places.country is null
inner join {{ ref('mart_daily_sales') }} as days on days.date = weather.date and days.currency = weather.currency
where weather.net_amount <> days.net_amount or weather.orders <> days.orders
