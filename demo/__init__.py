"""A client application, as an app developer would write it, and the tour that it gives.

It talks HTTP only: to Cognito, to the REST API and to presigned uploads. What looks behind the
API (the erasure proof, the count of serving processes) says so, and works on the laptop alone.
"""
