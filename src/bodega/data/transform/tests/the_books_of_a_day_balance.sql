-- To the minor unit: what was earned and owed to the state is owed to us, or was given away.
select *
from {{ ref('mart_daily_finance') }}
where revenue_amount + tax_amount
  <> receivable_amount + clearing_amount + refunds_amount + fees_amount + chargebacks_amount
