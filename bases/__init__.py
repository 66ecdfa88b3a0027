"""Base models on their way in: where they come from (a folder, S3, a hub), and into our bucket.

Commands for operators and ML engineers. Nothing here runs in a Lambda or a container.
"""
