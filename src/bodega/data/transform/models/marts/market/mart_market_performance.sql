-- What holding a company from its first known day to its last would have brought, and at what risk.
--   annual return      (P(last) / P(first)) ^ (365.25 / days) - 1
--   annual volatility  standard deviation of all log returns x sqrt(252)
--   return per risk    annual return / annual volatility (Sharpe, Mutual Fund Performance, 1966, no riskless return)
with ends as (
  select
    symbol,
    min(price_date) as first_date,
    max(price_date) as last_date,
    count(*) as trading_days,
    stddev_samp(log_return) * sqrt(252) as volatility,
    min(drawdown) as max_drawdown,
    min(return_1d) as worst_day,
    max(return_1d) as best_day
  from {{ ref('mart_market_daily') }}
  group by symbol
),

held as (
  select
    ends.*,
    last_day.adjusted_price as last_price,
    cast(last_day.adjusted_price as double) / cast(first_day.adjusted_price as double) as growth,
    {{ days_between('ends.first_date', 'ends.last_date') }} as days
  from ends
  inner join {{ ref('mart_market_daily') }} as first_day
    on first_day.symbol = ends.symbol and first_day.price_date = ends.first_date
  inner join {{ ref('mart_market_daily') }} as last_day
    on last_day.symbol = ends.symbol and last_day.price_date = ends.last_date
),

measured as (
  select *, case when days > 0 then power(growth, 365.25 / days) - 1 end as annual_return
  from held
)

select
  symbol,
  first_date,
  last_date,
  trading_days,
  last_price,
  {{ statistic('growth - 1') }} as total_return,
  {{ statistic('annual_return') }} as annual_return,
  {{ statistic('volatility') }} as annual_volatility,
  {{ statistic('case when volatility > 0 then annual_return / volatility end') }} as return_per_risk,
  max_drawdown,
  worst_day,
  best_day
from measured
