{{ config(materialized='view') }}

select date, provider, status, currency, payments, failures, amount_amount, refunded_amount, fee_amount
from {{ ref('int_daily_payments') }}
where not _removed
