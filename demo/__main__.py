"""`python -m demo` gives the whole tour; `python -m demo up` deploys and leaves it running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from demo.backstage import Backstage
from demo.client import ApiError, AvatarClient
from demo.contact_sheet import draw
from demo.deployment import REGION, ROOT, Deployment, DeploymentError
from demo.identity import UserPool
from demo.journey import PROMPT, Journey
from demo.record import DemoError, Record
from local_aws import client as embedded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.outputs import Outputs

PORT = int(os.environ.get("PORT", "4566"))
WORK = ROOT / ".local"


def main(arguments: list[str]) -> int:
    """Run the tour, or only deploy; the exit status is that of what was asked for."""
    if arguments not in ([], ["up"]):
        print("usage: python -m demo [up]", file=sys.stderr)
        return 2
    record = Record()
    ours = False
    try:
        with record.step("Start the embedded AWS") as step:
            ours = start()
            step.result = f"on 127.0.0.1:{PORT}" + ("" if ours else ", which was running already")
        aws = embedded.environment(PORT)
        with record.step("Deploy the CDK app, environment 'local'") as step:
            outputs = Deployment(aws, WORK).deploy()
            step.result = "six stacks"
        if arguments == ["up"]:
            print(welcome(outputs))
            return 0
        tour(aws, outputs, record)
    except (DemoError, DeploymentError, ApiError, TimeoutError) as error:
        print(f"\nfailed: {error}", file=sys.stderr)
        print("`make logs` shows what the embedded AWS and its functions wrote.", file=sys.stderr)
        return 1
    finally:
        if ours and arguments != ["up"]:
            local_aws("down")
    return 0


def start() -> bool:
    """Start the embedded AWS unless this checkout's is running; say whether it was started."""
    if local_aws("status", quiet=True) == 0:
        return False
    if local_aws("up"):
        raise DemoError("the embedded AWS did not start; its reason stands above")
    return True


def local_aws(command: str, *, quiet: bool = False) -> int:
    """Run a command of the embedded AWS on our port; its exit status."""
    arguments = [sys.executable, "-m", "local_aws", command, "--port", str(PORT)]
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(arguments, cwd=ROOT, stdout=sink, stderr=sink).returncode  # noqa: S603


def tour(aws: Mapping[str, str], outputs: Outputs, record: Record) -> None:
    """Act as a client app, then write the contact sheet and the table."""
    journey = Journey(
        client=AvatarClient(api_url(outputs)),
        pool=UserPool(
            endpoint=aws["AWS_ENDPOINT_URL"],
            region=REGION,
            pool_id=outputs.UserPoolId,
            client_id=outputs.UserPoolClientId,
        ),
        backstage=Backstage(aws, outputs),
        record=record,
    )
    started = time.monotonic()
    journey.run()
    sheet = Path("out") / "contact-sheet.png"
    sheet.parent.mkdir(exist_ok=True)
    draw(journey.gallery, f"Avatars: “{PROMPT}”, style photographic").save(sheet)
    print(f"\n{record.table()}\n")
    print(f"The tour took {time.monotonic() - started:.0f} s. Look at {sheet}")


def api_url(outputs: Outputs) -> str:
    """Where the embedded API Gateway serves the stage `v1`."""
    return f"http://127.0.0.1:{PORT}/restapis/{outputs.ApiId}/v1/_user_request_"


def welcome(outputs: Outputs) -> str:
    """What to try first on a running stack."""
    url = api_url(outputs)
    return f"""
The API is at {url}

  curl {url}/health
  curl {url}/styles        # 401: everything else wants a token

User pool {outputs.UserPoolId}, client {outputs.UserPoolClientId}, at http://127.0.0.1:{PORT}.
`make logs` follows it, `make down` stops it, `make demo` gives the tour on it."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
