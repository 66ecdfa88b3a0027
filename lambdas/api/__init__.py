"""The REST API: one module per resource, each parses, calls the domain and answers.

`http` is what they share: requests, problems, idempotency, cursors.
"""
