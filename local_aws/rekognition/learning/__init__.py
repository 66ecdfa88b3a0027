"""How the networks of `local_aws.rekognition.drawn` are trained: torch, minutes on one core.

The embedded AWS never imports this; `python -m local_aws.rekognition.learning` writes the weights.
"""
