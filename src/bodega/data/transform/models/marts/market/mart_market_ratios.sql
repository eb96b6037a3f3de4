-- Ratios of a company's statements, beside the first price at which they were known.
-- Averages are of this year's end and the last one's. Formulas as in the CFA Institute's "Financial Analysis
-- Techniques"; free cash flow as reported. A ratio over nothing, or of a loss (price to earnings), is null.
with statements as (
  select
    *,
    lag(revenue_amount) over by_period as revenue_before,
    lag(equity_amount) over by_period as equity_before,
    lag(assets_amount) over by_period as assets_before
  from {{ ref('fct_statements') }}
  window by_period as (partition by symbol, period, currency order by period_end)
),

priced as (
  select
    statements.symbol,
    statements.period_end,
    statements.period,
    prices.close_price,
    prices.price_date,
    row_number() over (
      partition by statements.symbol, statements.period_end, statements.period order by prices.price_date
    ) as nth
  from statements
  inner join {{ ref('fct_daily_prices') }} as prices
    on prices.symbol = statements.symbol and prices.price_date >= {{ utc_day('statements.known_at') }}
)

select
  statements.symbol,
  statements.period_end,
  statements.period,
  statements.fiscal_year,
  statements.currency,
  {{ ratio('gross_profit_amount', 'revenue_amount') }} as gross_margin,
  {{ ratio('operating_income_amount', 'revenue_amount') }} as operating_margin,
  {{ ratio('net_income_amount', 'revenue_amount') }} as net_margin,
  {{ ratio('free_cash_flow_amount', 'revenue_amount') }} as free_cash_flow_margin,
  {{ ratio('(revenue_amount - revenue_before)', 'revenue_before') }} as revenue_growth,
  {{ ratio('2 * net_income_amount', '(equity_amount + coalesce(equity_before, equity_amount))') }} as return_on_equity,
  {{ ratio('2 * net_income_amount', '(assets_amount + coalesce(assets_before, assets_amount))') }} as return_on_assets,
  {{ ratio('current_assets_amount', 'current_liabilities_amount') }} as current_ratio,
  {{ ratio('debt_amount', 'equity_amount') }} as debt_to_equity,
  priced.close_price as price_when_known,
  priced.price_date as priced_on,
  {{ ratio('priced.close_price', 'statements.eps_diluted') }} as price_to_earnings,
  {{ statistic('case when statements.revenue_amount > 0 then
      cast(priced.close_price as double) * statements.shares_diluted * ' ~ minor_factor('statements.currency') ~ ' / statements.revenue_amount end') }}
    as price_to_sales,
  statements.known_at
from statements
left join priced
  on priced.symbol = statements.symbol
  and priced.period_end = statements.period_end
  and priced.period = statements.period
  and priced.nth = 1
