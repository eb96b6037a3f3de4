"""What can be wrong with a schema or a value.

AvroError
├── NoAvroType      a field's type has no counterpart in Avro
└── NotOfSchema     a value does not fit the schema it shall be written by
"""

from bodega.kernel.errors import Rejected


class AvroError(Rejected):
    code = "avro"


class NoAvroType(AvroError):
    code = "no_avro_type"
    title = "A field's type has no counterpart in Avro"


class NotOfSchema(AvroError):
    code = "not_of_schema"
    title = "The value does not fit the schema"
