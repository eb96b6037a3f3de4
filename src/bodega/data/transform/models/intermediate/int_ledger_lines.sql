{{ config(unique_key='key', meta={'month': 'entry_month'}) }}

-- Every line of the ledger whose entry is known; what no longer counts stays, flagged.
with touched as (
  select id from {{ ref('stg_ledger_entries') }} as entries where {{ changed_since_last_run('entries') }}
  union
  select entry_id from {{ ref('stg_ledger_lines') }} as lines where {{ changed_since_last_run('lines') }}
)

select
  lines.key,
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
  entries.occurred_at,
  {{ days_left('before', 'entry_date') }} as _days_left,
  not ({{ fit('lines') }} and {{ fit('entries') }}) as _removed,
  {{ this_batch() }} as _batch
from {{ rows_of(ref('stg_ledger_lines'), 'entry_id', 'touched') }} as lines
inner join {{ rows_of(ref('stg_ledger_entries'), 'id', 'touched') }} as entries on entries.id = lines.entry_id
{% if is_incremental() %}
left join (
  select key, entry_date, _days_left, _batch from {{ this }} where entry_id in (select id from touched)
) as before on before.key = lines.key
{% endif %}
