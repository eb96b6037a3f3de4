-- Beside what payments hold themselves: what went back, and what the provider took for itself.
with returned as (
  select payment_id, sum(amount_amount) as amount
  from {{ ref('silver_payment_refunds') }}
  where status = 'succeeded'
  group by payment_id
),

charged as (
  select entries.payment_id, sum(lines.amount) as amount
  from {{ ref('silver_ledger_lines') }} as lines
  inner join {{ ref('silver_ledger_entries') }} as entries on entries.id = lines.entry_id
  where lines.account = 'fees'
  group by entries.payment_id
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
  payments.occurred_at,
  payments.known_at
from {{ ref('silver_payments') }} as payments
left join returned on returned.payment_id = payments.id
left join charged on charged.payment_id = payments.id
