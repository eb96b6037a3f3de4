{{ config(materialized='view') }}

-- The books of a day: what was earned and owed to the state, what went back, what the provider kept.
-- Income is credited and so negative in the ledger; here every figure is positive in its usual sense.
{% set accounts = ['revenue', 'tax', 'refunds', 'fees', 'chargebacks', 'receivable', 'provider_clearing'] %}

with days as (
  select
    date,
    currency,
    cast(max(case when account is null then entries end) as bigint) as entries
    {% for account in accounts %}
    , cast(sum(case when account = '{{ account }}' then booked_amount else 0 end) as bigint) as {{ account }}
    {% endfor %}
  from {{ ref('int_daily_accounts') }}
  where not _removed
  group by date, currency
)

select
  date,
  currency,
  entries,
  -revenue as revenue_amount,
  -tax as tax_amount,
  refunds as refunds_amount,
  fees as fees_amount,
  chargebacks as chargebacks_amount,
  -revenue - refunds - fees - chargebacks as earned_amount,
  receivable as receivable_amount,
  provider_clearing as clearing_amount
from days
