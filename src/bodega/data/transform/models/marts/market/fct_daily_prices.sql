select
  symbol,
  price_date,
  price_month,
  open_price,
  high_price,
  low_price,
  close_price,
  adjusted_price,
  volume,
  known_at
from {{ ref('stg_market_prices') }}
where _reject_reason is null
