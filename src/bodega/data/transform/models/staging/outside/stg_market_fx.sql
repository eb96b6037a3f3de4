-- Reference rates of a central bank are believed before a market's closing rate of the same day.
with said as (
  select base as base_currency, quote as quote_currency, date as rate_date, rate, 1 as rank, known_at
  from {{ source('mapped', 'market_reference_rates') }}
  union all
  select substr(pair, 1, 3), substr(pair, 4, 3), date, rate, 2, known_at
  from {{ source('mapped', 'market_fx') }}
  where length(pair) = 6
),

ranked as (
  select
    *,
    row_number() over (partition by base_currency, quote_currency, rate_date order by rank) as nth
  from said
  where rate > 0
)

select
  base_currency,
  quote_currency,
  rate_date,
  rate,
  case rank when 1 then 'reference' else 'market' end as told_by,
  known_at
from ranked
where nth = 1
