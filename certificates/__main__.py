"""`python -m certificates {develop,request,install} --key ARN …`; see docs/05-moderation.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from certificates import issuing
from certificates.kms_key import KmsKey

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0 if it succeeded."""
    wanted = _parser().parse_args(arguments)
    key = KmsKey(boto3.client("kms"), wanted.key)
    if wanted.command == "request":
        print(issuing.request(key, wanted.organisation), end="")
        return 0
    try:
        if wanted.command == "develop":
            chain = issuing.development_chain(key.public_key(), wanted.organisation)
        else:
            chain = wanted.chain.read_text()
        issuing.demand_fitting(chain, key.public_key())
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    boto3.client("ssm").put_parameter(
        Name=wanted.parameter, Value=chain, Type="String", Overwrite=True
    )
    print(f"installed in {wanted.parameter}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m certificates", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_ in (
        ("develop", "issue and install a certificate that nobody outside trusts"),
        ("request", "print a signing request to send to an authority"),
        ("install", "install the chain that the authority sent back"),
    ):
        command = commands.add_parser(name, help=help_)
        command.add_argument("--key", required=True, help="stack output SigningKeyArn")
        if name != "install":
            command.add_argument("--organisation", default="Personalised avatars")
        if name != "request":
            command.add_argument("--parameter", required=True, help="output CertificatesParameter")
        if name == "install":
            command.add_argument("chain", type=Path, help="PEM, the signer's certificate first")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
