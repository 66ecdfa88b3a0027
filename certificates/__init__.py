"""The operator's tool for the certificate under which content credentials are signed.

The key is in KMS and never leaves it; this asks KMS to sign, and writes certificates, which are
public, into the deployment's parameter. No function imports it.
"""
