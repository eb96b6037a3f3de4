select
  place,
  weather_date,
  weather_month,
  temperature_max,
  temperature_min,
  precipitation,
  wind_max,
  weather_code,
  is_forecast,
  known_at
from {{ ref('stg_weather_days') }}
where _reject_reason is null
