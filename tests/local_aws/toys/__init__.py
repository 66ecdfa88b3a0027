"""Toy training and inference code that the embedded SageMaker runs in tests."""
