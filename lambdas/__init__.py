"""What runs in AWS Lambda: thin API routers and event handlers over a domain that knows no AWS.

Handlers (`api`, `events`) → `domain` and `records` → `ports`, which `adapters` implement. Nothing
of training, serving or deployment lives here.
"""
