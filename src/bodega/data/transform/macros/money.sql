{#- How many minor units one unit of a currency has (ISO 4217): kernel.money's table, in SQL. -#}
{% macro minor_factor(currency) -%}
  (case
    when {{ currency }} in (
      'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ) then 1
    when {{ currency }} in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 1000
    when {{ currency }} in ('CLF', 'UYW') then 10000
    else 100
  end)
{%- endmacro %}

{#- A measured number: eight places, because sums of doubles depend on the order they are added in. -#}
{% macro statistic(expression) -%}
  cast(round({{ expression }}, 8) as decimal(18, 8))
{%- endmacro %}

{#- `above` per `below`; null where `below` is nothing, or less. -#}
{% macro ratio(above, below) -%}
  {{ statistic('case when ' ~ below ~ ' > 0 then cast(' ~ above ~ ' as double) / cast(' ~ below ~ ' as double) end') }}
{%- endmacro %}
