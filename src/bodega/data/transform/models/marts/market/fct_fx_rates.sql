select base_currency, quote_currency, rate_date, rate, told_by, known_at
from {{ ref('stg_market_fx') }}
