{{ config(materialized='view') }}

select
  redemptions.id as redemption_id,
  redemptions.promotion_id,
  redemptions.coupon_code,
  redemptions.checkout_id,
  orders.order_id,
  redemptions.customer_id,
  redemptions.released_at is null as is_live,
  redemptions.discount_amount,
  redemptions.discount_currency as currency,
  {{ utc_day('redemptions.redeemed_at') }} as redemption_date,
  redemptions.redeemed_at as occurred_at,
  redemptions.released_at
from {{ ref('silver_redemptions') }} as redemptions
left join (
  select order_id, checkout_id from {{ ref('fct_orders') }}
  where checkout_id in (select checkout_id from {{ ref('silver_redemptions') }})
) as orders on orders.checkout_id = redemptions.checkout_id
