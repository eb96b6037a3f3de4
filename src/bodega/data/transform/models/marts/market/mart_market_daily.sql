-- Returns, volatility and drawdown of each trading day, over adjusted prices P.
--   return            P(t) / P(t-n) - 1
--   log return        ln(P(t) / P(t-1))
--   volatility        standard deviation of the last 21 log returns x sqrt(252)
--                     (Hull, Options, Futures, and Other Derivatives: estimating volatility from historical data)
--   drawdown          P(t) / max(P up to t) - 1  (Magdon-Ismail and Atiya, Maximum Drawdown, Risk 17(10), 2004)
-- Statistics are rounded to eight places, so that the same prices always give the same rows.
with prices as (
  select
    symbol,
    price_date,
    price_month,
    adjusted_price,
    cast(adjusted_price as double) as price,
    volume,
    row_number() over (partition by symbol order by price_date) as trading_day
  from {{ ref('fct_daily_prices') }}
),

compared as (
  select
    *,
    lag(price) over by_day as before_1,
    lag(price, 21) over by_day as before_21,
    lag(price, 252) over by_day as before_252,
    ln(price / lag(price) over by_day) as log_return,
    max(price) over so_far as peak
  from prices
  window
    by_day as (partition by symbol order by price_date),
    so_far as (partition by symbol order by price_date rows between unbounded preceding and current row)
)

select
  symbol,
  price_date,
  price_month,
  cast(trading_day as bigint) as trading_day,
  adjusted_price,
  volume,
  {{ statistic('price / before_1 - 1') }} as return_1d,
  {{ statistic('price / before_21 - 1') }} as return_21d,
  {{ statistic('price / before_252 - 1') }} as return_252d,
  {{ statistic('log_return') }} as log_return,
  {{ statistic('case when trading_day > 21 then stddev_samp(log_return) over month_of_days * sqrt(252) end') }} as volatility_21d,
  {{ statistic('case when trading_day >= 50 then avg(price) over fifty_days end') }} as average_50d,
  {{ statistic('price / peak - 1') }} as drawdown
from compared
window
  month_of_days as (partition by symbol order by price_date rows between 20 preceding and current row),
  fifty_days as (partition by symbol order by price_date rows between 49 preceding and current row)
