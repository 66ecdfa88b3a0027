"""The endpoint's serving code: many subjects' adapters behind one base model.

It answers the requests of the contract package with pictures. It knows S3 only as a place to read
adapters from and to leave a sign of life in; queues, scaling and users are not its business.
"""
