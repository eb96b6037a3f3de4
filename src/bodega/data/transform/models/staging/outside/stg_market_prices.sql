-- A quote without a positive close is no price: it is set aside in silver.rejects.
select
  symbol,
  date as price_date,
  {{ month_of('date') }} as price_month,
  open as open_price,
  high as high_price,
  low as low_price,
  close as close_price,
  coalesce(case when adj_close > 0 then adj_close end, close) as adjusted_price,
  cast(volume as bigint) as volume,
  known_at,
  case
    when close is null then 'close: missing'
    when close <= 0 then 'close: not positive'
    when high < low then 'high: below low'
  end as _reject_reason
from {{ source('mapped', 'market_prices') }}
