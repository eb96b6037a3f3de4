{{ config(materialized='view') }}

select
  lines.entry_id,
  lines.position,
  entries.kind,
  lines.account,
  lines.amount as booked_amount,
  entries.currency,
  entries.checkout_id,
  entries.payment_id,
  {{ utc_day('entries.occurred_at') }} as entry_date,
  {{ month_of(utc_day('entries.occurred_at')) }} as entry_month,
  entries.occurred_at
from {{ ref('silver_ledger_lines') }} as lines
inner join {{ ref('silver_ledger_entries') }} as entries on entries.id = lines.entry_id
