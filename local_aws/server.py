"""The server process: the emulator's application with our parts and control routes around it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_aws import control, extensions, lifecycle, processes
from local_aws.settings import HOST, Settings, current

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "VIRTUAL_ENV")
MAX_CONTROL_BODY = 1 << 20


def environment(settings: Settings) -> dict[str, str]:
    """The clean environment that a server process is started with.

    Nothing of the caller's AWS settings, proxies or Python path gets in: what works here works
    for everyone.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return (
        passed_on
        | settings.as_environment()
        | {
            "AUTH": "true",
            "GATEWAY_PORT": str(settings.port),
            "BIND_HOST": HOST,
            "MINISTACK_REGION": "us-east-1",
            "LAMBDA_ACCOUNT_CONCURRENCY": "48",  # under the emulator's 64 worker threads
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "SFN_WAIT_SCALE": repr(1 / settings.speed),
            "LOG_LEVEL": "INFO",
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(settings.run_dir / "tmp"),
        }
    )


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body") or len(body) > MAX_CONTROL_BODY:
            return bytes(body)


async def _serve_control(scope: Scope, receive: Receive, send: Send) -> None:
    raw = await _read(receive)
    try:
        body = json.loads(raw or b"{}")
        status, document = await asyncio.to_thread(
            control.answer, scope["method"], scope["path"], body
        )
    except ValueError as error:
        status, document = 400, {"message": f"The body is not JSON: {error}"}
    data = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def with_control(inner: Application) -> Application:
    """The emulator's application with `/_local/...` in front."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_local/"):
            await _serve_control(scope, receive, send)
        else:
            await inner(scope, receive, send)

    return application


def _health(settings: Settings) -> dict[str, Any]:
    return {
        "status": "ready",
        "pid": os.getpid(),
        "port": settings.port,
        "data_dir": str(settings.data_dir),
        "speed": settings.speed,
    }


def _listing() -> dict[str, Any]:
    found = processes.registry().list()
    return {"processes": [{"kind": p.kind, "name": p.name, "pid": p.pid} for p in found]}


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; returns when everything it started has ended."""
    # Imported here: the emulator reads its environment when it is imported, and the command line
    # that starts this process must not load it.
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.core import lambda_runtime

    from local_aws import service_metrics

    control.route("GET", "/_local/health", lambda _: _health(settings))
    control.route("GET", "/_local/processes", lambda _: _listing())
    lifecycle.on_stop(lambda_runtime.reset)
    lifecycle.on_stop(processes.registry().stop_all)
    extensions.install(settings.parts)

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async def wait_for_stop() -> None:
        threading.Thread(target=lifecycle.started, name="local-aws-start", daemon=True).start()
        await stop.wait()

    # The emulator's outgoing mail writes each address into the log that it shares with everything.
    logging.getLogger("ses").setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"{HOST}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.accesslog = None
    application: Any = with_control(service_metrics.counting(app))
    await hypercorn_serve(application, config, shutdown_trigger=wait_for_stop)
    await asyncio.to_thread(lifecycle.stopped)


def main() -> None:
    """Run the server described by this process's environment."""
    settings = current()
    (settings.run_dir / "tmp").mkdir(parents=True, exist_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(settings))
    # Threads of the emulator (schedulers, abandoned tasks) must not keep the process alive.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
