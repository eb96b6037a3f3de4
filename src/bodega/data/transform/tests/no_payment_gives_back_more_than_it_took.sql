select payment_id, amount_amount, refunded_amount
from {{ ref('fct_payments') }}
where refunded_amount > amount_amount
