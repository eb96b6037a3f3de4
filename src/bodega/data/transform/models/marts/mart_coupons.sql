{{ config(materialized='view') }}

-- A code nobody used is in it, too.
with used as (
  select
    coupon_code,
    count(*) as redemptions,
    count(distinct customer_id) as accounts,
    cast(sum(discount_amount) as bigint) as discount_amount,
    min(redemption_date) as first_date,
    max(redemption_date) as last_date
  from {{ ref('fct_redemptions') }}
  where is_live and coupon_code is not null
  group by coupon_code
)

select
  coupons.code as coupon_code,
  coupons.promotion_id,
  promotions.currency,
  coupons.active and coalesce(promotions.active, true) as is_active,
  coalesce(used.redemptions, 0) as redemptions,
  coalesce(used.accounts, 0) as accounts,
  coalesce(used.discount_amount, 0) as discount_amount,
  used.first_date,
  used.last_date
from {{ ref('silver_coupons') }} as coupons
left join {{ ref('silver_promotions') }} as promotions on promotions.id = coupons.promotion_id
left join used on used.coupon_code = coupons.code
