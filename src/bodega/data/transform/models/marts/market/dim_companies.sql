-- A company that only prices or statements tell of is inferred until its profile comes.
with told as (
  select symbol, known_at from {{ ref('stg_market_prices') }} where _reject_reason is null
  union all
  select symbol, known_at from {{ ref('stg_market_statements') }} where _reject_reason is null
),

inferred as (
  select symbol, min(known_at) as known_at
  from told
  where symbol not in (select symbol from {{ source('mapped', 'market_companies') }})
  group by symbol
)

select
  symbol,
  name,
  exchange,
  currency,
  country,
  sector,
  industry,
  employees,
  listed_on,
  coalesce(is_fund, false) as is_fund,
  coalesce(is_active, true) as is_active,
  false as is_inferred,
  known_at
from {{ source('mapped', 'market_companies') }}
union all
select
  symbol, null, null, null, null, null, null, cast(null as bigint), cast(null as date), false, true, true, known_at
from inferred
