{#- The declared grain: no two rows share `columns`. -#}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}, count(*) as times
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
