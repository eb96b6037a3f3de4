{#- True where a model adds to what is there. `--vars 'incremental: true'` compiles it so, whatever is
    there: the pipelines keep both texts of a model and run the one that fits. -#}
{% macro is_incremental() -%}
  {%- if var('incremental', false) -%}
    {{ return(model.config.materialized == 'incremental') }}
  {%- endif -%}
  {{ return(dbt.is_incremental()) }}
{%- endmacro %}
