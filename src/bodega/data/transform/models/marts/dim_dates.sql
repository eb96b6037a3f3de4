-- Whole years, so that the calendar changes once a year and not with each sale.
with years as (
  select min(year(order_date)) as first_year, max(year(order_date)) as last_year
  from (
    select order_date from {{ ref('fct_orders') }}
    union all
    select order_date from {{ ref('fct_order_lines') }} where is_return
  )
),

days as (
  select {{ days_from_to('make_date(first_year, 1, 1)', 'make_date(last_year, 12, 31)') }} as date
  from years
  where first_year is not null
)

select
  date,
  cast(year(date) as integer) as year,
  cast(quarter(date) as integer) as quarter,
  cast(month(date) as integer) as month,
  {{ month_of('date') }} as year_month,
  cast({{ iso_year('date') }} as integer) as iso_year,
  cast(weekofyear(date) as integer) as iso_week,
  cast({{ iso_weekday('date') }} as integer) as iso_weekday,
  {{ iso_weekday('date') }} >= 6 as is_weekend
from days
