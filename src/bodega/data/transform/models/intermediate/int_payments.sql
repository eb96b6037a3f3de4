{{ config(unique_key='payment_id', meta={'month': 'payment_month'}) }}

-- Every payment beside what went back and what the provider took for itself; what no longer counts
-- stays, flagged.
with touched as (
  select id from {{ ref('stg_payments') }} as payments where {{ changed_since_last_run('payments') }}
  union
  select payment_id from {{ ref('stg_payment_refunds') }} as refunds where {{ changed_since_last_run('refunds') }}
  union
  select payment_id from {{ ref('int_ledger_lines') }} as lines
  where account = 'fees' and {{ changed_since_last_run('lines') }}
),

returned as (
  select payment_id, sum(amount_amount) as amount
  from {{ rows_of(ref('stg_payment_refunds'), 'payment_id', 'touched') }} as refunds
  where {{ fit('refunds') }} and status = 'succeeded'
  group by payment_id
),

charged as (
  select payment_id, sum(booked_amount) as amount
  from {{ rows_of(ref('int_ledger_lines'), 'payment_id', 'touched') }} as lines
  where account = 'fees' and not _removed
  group by payment_id
)

select
  payments.id as payment_id,
  payments.checkout_id,
  payments.status,
  payments.provider,
  payments.failure_code,
  payments.amount_amount,
  cast(coalesce(returned.amount, 0) as bigint) as refunded_amount,
  cast(coalesce(charged.amount, 0) as bigint) as fee_amount,
  payments.amount_currency as currency,
  {{ utc_day('payments.occurred_at') }} as payment_date,
  {{ month_of(utc_day('payments.occurred_at')) }} as payment_month,
  payments.occurred_at,
  payments.known_at,
  {{ days_left('before', 'payment_date') }} as _days_left,
  not {{ fit('payments') }} as _removed,
  {{ this_batch() }} as _batch
from {{ rows_of(ref('stg_payments'), 'id', 'touched') }} as payments
left join returned on returned.payment_id = payments.id
left join charged on charged.payment_id = payments.id
{% if is_incremental() %}
left join (
  select payment_id, payment_date, _days_left, _batch from {{ this }} where payment_id in (select id from touched)
) as before on before.payment_id = payments.id
{% endif %}
