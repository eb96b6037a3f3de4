with versions as (
  select
    id as variant_id,
    product_id,
    price_amount,
    price_currency,
    case
      when row_number() over versions_of_key = 1 then known_at
      else {{ instant_of('ts_ms') }}
    end as valid_from,
    _deleted,
    key,
    _position,
    _sequence
  from {{ ref('stg_variant_prices') }}
  window versions_of_key as (partition by key order by _position, _sequence)
),

followed as (
  select
    variant_id,
    product_id,
    price_amount,
    price_currency,
    valid_from,
    lead(valid_from) over (partition by key order by _position, _sequence) as valid_to,
    lead(key) over (partition by key order by _position, _sequence) is null as is_current,
    _deleted
  from versions
)

select variant_id, product_id, price_amount, price_currency, valid_from, valid_to, is_current
from followed
where not _deleted
