{% for dimension, key in {'dim_product_versions': 'product_id', 'dim_customer_versions': 'customer_id'}.items() %}
select earlier.{{ key }} as key, earlier.valid_from, later.valid_from as other_from
from {{ ref(dimension) }} as earlier
inner join {{ ref(dimension) }} as later
  on later.{{ key }} = earlier.{{ key }} and later.valid_from > earlier.valid_from
where coalesce(earlier.valid_to, timestamp '9999-01-01') > later.valid_from
{{ 'union all' if not loop.last }}
{% endfor %}
