"""The documents that the API answers with, by resource; `lambdas.openapi.operations` says which
operation answers with which. A test holds every answer of the routes to these.
"""
