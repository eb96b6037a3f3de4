select
  place,
  max(country) as country,
  min(weather_date) as first_date,
  max(weather_date) as last_date
from {{ ref('stg_weather_days') }}
where _reject_reason is null
group by place
