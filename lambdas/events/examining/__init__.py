"""Looking at one upload: alone (`one_photo`) and beside the others of its subject (`beside`).

What the looks mean is decided in `lambdas.domain`; here are the calls, in the order of their cost.
"""
