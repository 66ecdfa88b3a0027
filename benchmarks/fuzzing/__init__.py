"""Schemathesis over the API's own description, against a running stack: `make fuzz`."""
