{{ config(materialized='view') }}

-- What each promotion gave away and what was bought with it. An order that redeemed two counts for both.
with used as (
  select
    redemptions.promotion_id,
    redemptions.currency,
    count(*) filter (where redemptions.is_live) as redemptions,
    count(*) filter (where not redemptions.is_live) as released,
    count(redemptions.coupon_code) filter (where redemptions.is_live) as by_coupon,
    sum(redemptions.discount_amount) filter (where redemptions.is_live) as discount_amount,
    sum(orders.total_amount) filter (where redemptions.is_live and orders.status <> 'cancelled') as sales_amount,
    sum(orders.net_amount) filter (where redemptions.is_live and orders.status <> 'cancelled') as net_amount,
    min(redemptions.redemption_date) filter (where redemptions.is_live) as first_date,
    max(redemptions.redemption_date) filter (where redemptions.is_live) as last_date
  from {{ ref('fct_redemptions') }} as redemptions
  left join {{ ref('fct_orders') }} as orders
    on orders.order_id = redemptions.order_id and orders.currency = redemptions.currency
  group by redemptions.promotion_id, redemptions.currency
)

select
  promotions.id as promotion_id,
  coalesce(used.currency, promotions.currency) as currency,
  promotions.title,
  promotions.kind,
  promotions.automatic as is_automatic,
  promotions.active as is_active,
  promotions.starts_at,
  promotions.ends_at,
  coalesce(used.redemptions, 0) as redemptions,
  coalesce(used.released, 0) as released,
  coalesce(used.by_coupon, 0) as by_coupon,
  cast(coalesce(used.discount_amount, 0) as bigint) as discount_amount,
  cast(coalesce(used.sales_amount, 0) as bigint) as sales_amount,
  cast(coalesce(used.net_amount, 0) as bigint) as net_amount,
  used.first_date,
  used.last_date
from {{ ref('silver_promotions') }} as promotions
left join used on used.promotion_id = promotions.id
