"""Avro without I/O: schemas made from models, what two schemas can read of each other, and values
on their way between JSON and Avro. Bytes are fastavro's affair, loaded only where there are any."""
