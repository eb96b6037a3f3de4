select payment_id, amount_amount, refunded_amount
from {{ changed_rows(ref('fct_payments')) }} as payments
where refunded_amount > amount_amount
