"""The rules: subjects, photos, verdicts, states, errors. Plain Python, no AWS, no HTTP, no clock.

How records are kept is in `lambdas.records`; who calls is in `lambdas.api` and `lambdas.events`.
"""
