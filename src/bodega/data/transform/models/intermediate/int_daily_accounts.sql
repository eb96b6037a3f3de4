{{ config(unique_key='date') }}

-- What was booked on each account of the ledger on a day. Days with a change are counted anew; each
-- leaves a flagged row, so that an emptied day is emptied.
with days as (
  {{ changed_days(model='int_ledger_lines', column='entry_date') }}
),

counted as (
  select
    entry_date as date,
    currency,
    account,
    count(distinct entry_id) as entries,
    sum(booked_amount) as booked_amount,
    false as _removed
  from {{ ref('int_ledger_lines') }}
  where not _removed and entry_date in (select changed from days)
  group by grouping sets ((entry_date, currency, account), (entry_date, currency))
),

emptied as (
  select
    changed as date, cast(null as {{ sql_type('varchar') }}) as currency,
    cast(null as {{ sql_type('varchar') }}) as account, 0, 0, true
  from days
)

select
  date,
  currency,
  account,
  entries,
  cast(booked_amount as bigint) as booked_amount,
  _removed,
  {{ this_batch() }} as _batch
from (select * from counted union all select * from emptied)
