"""`python -m local_aws up | down | status | logs | env`: run the embedded AWS."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from local_aws import client, instance
from local_aws.settings import DEFAULT_DATA_DIR, DEFAULT_PORT, DEFAULT_SPEED, Settings


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="data folder")
    shared.add_argument("--port", type=int, default=DEFAULT_PORT)

    up = commands.add_parser("up", parents=[shared], help="start it and wait until it answers")
    up.add_argument("--speed", type=float, default=DEFAULT_SPEED, help="how fast minutes pass")
    up.add_argument("--foreground", action="store_true", help="stay attached, log to the terminal")

    commands.add_parser("down", parents=[shared], help="stop it and everything it started")
    commands.add_parser("status", parents=[shared], help="is it running, and what runs in it")
    logs = commands.add_parser("logs", parents=[shared], help="print the server's log")
    logs.add_argument("-f", "--follow", action="store_true")
    commands.add_parser("env", parents=[shared], help="print export lines for a shell")
    return parser


def _up(options: argparse.Namespace) -> str:
    if not 0 < options.speed <= 1000:
        message = f"--speed must be above 0 and at most 1000, not {options.speed}."
        raise instance.InstanceError(message)
    settings = Settings(options.port, options.data.resolve(), options.speed)
    if options.foreground:
        instance.run_in_foreground(settings)
    found = instance.up(settings)
    return f"The embedded AWS is ready at {client.endpoint(found.port)} (pid {found.pid})."


def _status(data_dir: Path) -> str:
    found = instance.running(data_dir)
    health = client.health(found.port) if found else None
    if found is None or health is None:
        message = "The embedded AWS is not running."
        raise instance.InstanceError(message)
    processes = client.control("/_local/processes", port=found.port)["processes"]
    lines = [f"Ready at {client.endpoint(found.port)} (pid {found.pid}, speed {health['speed']})."]
    lines += [f"  {p['kind']} {p['name']} (pid {p['pid']})" for p in processes]
    return "\n".join(lines)


def _environment(data_dir: Path) -> str:
    found = instance.running(data_dir)
    port = found.port if found else DEFAULT_PORT
    values = client.environment(port)
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def main() -> int:
    """Run one command; errors are one sentence on stderr and exit status 1."""
    options = _arguments().parse_args()
    data_dir: Path = options.data.resolve()
    try:
        match options.command:
            case "up":
                answer = _up(options)
            case "down":
                answer = instance.down(data_dir)
            case "status":
                answer = _status(data_dir)
            case "env":
                answer = _environment(data_dir)
            case _:
                instance.print_log(data_dir, follow=options.follow)
                return 0
    except instance.InstanceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
