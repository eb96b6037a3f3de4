"""Where every column comes from and where it goes, and what is known of each table.

Upper layers declare what they publish and what they ask (`declared`); the SQL of the models says
the rest (`statement`). The result (`graph`) is one document beside the published set, made anew
only when models or declarations change (`keep`), and told to others as OpenLineage (`openlineage`).
"""
