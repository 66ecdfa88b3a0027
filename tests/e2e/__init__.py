"""The deployed application in the embedded AWS, with IAM enforcement on, driven as clients do."""
