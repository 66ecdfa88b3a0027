"""The DreamBooth training job: photos and a base model in, an adapter out.

The same code runs on SageMaker, a laptop's CPU and a GPU box. It knows the container's folders and
the contract package, and nothing of the API or of AWS.
"""
