{{ config(unique_key='date') }}

-- Days with a change are counted anew; each leaves a flagged row, so that an emptied day is emptied.
with days as (
  {{ changed_days(model='int_payments', column='payment_date') }}
),

counted as (
  select
    payment_date as date,
    provider,
    status,
    currency,
    count(*) as payments,
    count(failure_code) as failures,
    sum(amount_amount) as amount_amount,
    sum(refunded_amount) as refunded_amount,
    sum(fee_amount) as fee_amount,
    false as _removed
  from {{ ref('int_payments') }}
  where not _removed and payment_date in (select changed from days)
  group by payment_date, provider, status, currency
),

emptied as (
  select
    changed as date, cast(null as {{ sql_type('varchar') }}) as provider,
    cast(null as {{ sql_type('varchar') }}) as status, cast(null as {{ sql_type('varchar') }}) as currency,
    0, 0, 0, 0, 0, true
  from days
)

select
  date,
  provider,
  status,
  currency,
  payments,
  failures,
  cast(amount_amount as bigint) as amount_amount,
  cast(refunded_amount as bigint) as refunded_amount,
  cast(fee_amount as bigint) as fee_amount,
  _removed,
  {{ this_batch() }} as _batch
from (select * from counted union all select * from emptied)
