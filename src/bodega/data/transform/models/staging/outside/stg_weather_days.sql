select
  place,
  country,
  date as weather_date,
  {{ month_of('date') }} as weather_month,
  cast(temperature_max as decimal(6, 2)) as temperature_max,
  cast(temperature_min as decimal(6, 2)) as temperature_min,
  cast(precipitation as decimal(6, 2)) as precipitation,
  cast(wind_max as decimal(6, 2)) as wind_max,
  cast(weather_code as integer) as weather_code,
  coalesce(is_forecast, false) as is_forecast,
  known_at,
  case
    when temperature_max < temperature_min then 'temperature_max: below the least'
    when abs(temperature_max) > 100 or abs(temperature_min) > 100 then 'temperature: of no place on earth'
    when precipitation < 0 or precipitation > 2000 then 'precipitation: out of range'
    when wind_max < 0 or wind_max > 1000 then 'wind_max: out of range'
  end as _reject_reason
from {{ source('mapped', 'weather_days') }}
