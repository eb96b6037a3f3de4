{{ config(materialized='view') }}

select
  payment_date as date,
  provider,
  status,
  currency,
  count(*) as payments,
  count(failure_code) as failures,
  cast(sum(amount_amount) as bigint) as amount_amount,
  cast(sum(refunded_amount) as bigint) as refunded_amount,
  cast(sum(fee_amount) as bigint) as fee_amount
from {{ ref('fct_payments') }}
group by payment_date, provider, status, currency
