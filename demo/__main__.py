"""`python -m demo` gives the whole tour; `python -m demo up` deploys and leaves it running."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from demo.backstage import Backstage
from demo.client import ApiError, AvatarClient
from demo.contact_sheet import draw
from demo.deployment import REGION, Deployment, DeploymentError
from demo.identity import UserPool
from demo.journey import PROMPT, Journey
from demo.photos import from_folder
from demo.record import DemoError, Record
from local_aws import client as embedded
from local_aws import instance
from local_aws.instance import InstanceError
from local_aws.settings import DEFAULT_PORT, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.outputs import Outputs
    from demo.photos import Upload

SPEED = 60  # a minute of Auto Scaling's clock passes in a second


def main(arguments: list[str]) -> int:
    """Run the tour, or only deploy; the exit status is that of what was asked for."""
    if arguments not in ([], ["up"]):
        print("usage: [PHOTOS=FOLDER] [PATCH=FILE] python -m demo [up]", file=sys.stderr)
        return 2
    keep = arguments == ["up"]
    try:
        folder = os.environ.get("PHOTOS")
        own_photos = from_folder(Path(folder).expanduser()) if folder else None
    except (OSError, ValueError) as error:
        print(f"error: PHOTOS: {error}", file=sys.stderr)
        return 2
    settings = Settings(port=int(os.environ.get("PORT", DEFAULT_PORT)), speed=SPEED)
    found = instance.running(settings.data_dir)
    record = Record()
    try:
        with record.step("Start the embedded AWS") as step:
            port = (found or instance.up(settings)).port
            step.result = f"on port {port}" + (", where it was running already" if found else "")
        aws = embedded.environment(port)
        with record.step("Deploy the CDK app, environment 'local'") as step:
            patch = Path(file) if (file := os.environ.get("PATCH")) else None
            outputs = Deployment(aws, settings.data_dir / "deployment", patch=patch).deploy()
            step.result = "six stacks"
        if keep:
            print(welcome(aws, outputs))
        else:
            backstage = Backstage(aws, outputs, settings.run_dir)
            tour(backstage, record, own_photos)
    except InstanceError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    except (DemoError, DeploymentError, ApiError, TimeoutError) as error:
        print(f"\nfailed: {error}", file=sys.stderr)
        print(f"What happened stands in {settings.data_dir}.", file=sys.stderr)
        return 1
    finally:
        if not (found or keep):
            instance.down(settings.data_dir)
    return 0


def tour(backstage: Backstage, record: Record, own_photos: list[Upload] | None) -> None:
    """Act as a client app, then write the contact sheet and the table."""
    aws, outputs = backstage.aws, backstage.outputs
    journey = Journey(
        client=AvatarClient(api_url(aws, outputs)),
        pool=UserPool(
            endpoint=aws["AWS_ENDPOINT_URL"],
            region=REGION,
            pool_id=outputs.UserPoolId,
            client_id=outputs.UserPoolClientId,
        ),
        backstage=backstage,
        record=record,
        own_photos=own_photos,
    )
    started = time.monotonic()
    journey.run()
    sheet = Path("out") / "contact-sheet.png"
    sheet.parent.mkdir(exist_ok=True)
    draw(journey.gallery, f"Avatars: “{PROMPT}”, and other prompts").save(sheet)
    print(f"\n{record.table()}\n")
    print(f"The tour took {time.monotonic() - started:.0f} s. Look at {sheet}")


def api_url(aws: Mapping[str, str], outputs: Outputs) -> str:
    """Where the embedded API Gateway serves the stage `v1`."""
    return f"{aws['AWS_ENDPOINT_URL']}/restapis/{outputs.ApiId}/v1/_user_request_"


def welcome(aws: Mapping[str, str], outputs: Outputs) -> str:
    """What to try first on a running stack."""
    url = api_url(aws, outputs)
    return f"""
The API is at {url}

  curl {url}/health
  curl {url}/styles        # 401: everything else wants a token

User pool {outputs.UserPoolId}, client {outputs.UserPoolClientId}, at {aws["AWS_ENDPOINT_URL"]}.
`make logs` follows it, `make down` stops it, `make demo` gives the tour on it."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
