"""The API's description (OpenAPI 3.1), made from the routes themselves.

Only `python -m lambdas.openapi` and tests come here; no function imports it.
"""
