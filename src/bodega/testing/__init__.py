"""For tests of data pipelines, yours and ours: lakes, sources, days, assertions, doubles of APIs.

    from bodega.testing.lake import TestLake
    from bodega.testing.tables import assert_rows
    from bodega.testing.doubles import FmpDouble, OpenMeteoDouble, EcbDouble
    from bodega.testing.registry import SchemaRegistry

docs/pipeline-tests.md is the tutorial. `pytest` users get the fixtures of `bodega.testing.fixtures`
by `pytest_plugins = ["bodega.testing.fixtures"]`.
"""
