"""The ports of `lambdas.ports` on AWS. Imported only when first needed, because botocore is slow.

No rule of the product lives here; an AWS failure leaves as `Unavailable` or as it came.
"""
