"""Requests over this machine's loopback count as protected in transit (`aws:SecureTransport`).

They never leave the machine; with plain HTTP told apart, every bucket policy that refuses it,
such as the one that `cdk bootstrap` makes, would lock everyone out. That the policies are there is
held by template tests.
"""

from __future__ import annotations

import ipaddress

from ministack import app
from ministack.core.iam_evaluator import pin_request_origin


def _pin(source_ip: str, secure_transport: bool) -> None:
    loopback = ipaddress.ip_address(source_ip).is_loopback
    pin_request_origin(source_ip, secure_transport or loopback)


def install() -> None:
    """Replace what the emulator's application remembers of a request's origin."""
    app.pin_request_origin = _pin
