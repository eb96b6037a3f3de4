-- Of promotions that are known; a coupon's share is part of its promotion's.
with redeemed as (
  select currency, sum(discount_amount) as given
  from {{ ref('fct_redemptions') }}
  where is_live and promotion_id in (select promotion_id from {{ ref('mart_promotions') }})
  group by currency
),

promotions as (
  select currency, sum(discount_amount) as given from {{ ref('mart_promotions') }} group by currency
)

select promotions.currency, promotions.given, redeemed.given as expected
from promotions
left join redeemed on redeemed.currency = promotions.currency
where promotions.given <> coalesce(redeemed.given, 0)
