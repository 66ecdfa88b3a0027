"""The real CDK command line, pointed at the embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bases.licence import licence_in
from bases.source import SHIPPED_FOLDER
from demo.outputs import Outputs
from infra.merge_patch import patched
from infra.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "000000000000"
REGION = "us-east-1"
ENVIRONMENT = "local"


class DeploymentError(Exception):
    """A command of the deployment failed; the message says which, and where its log is."""


@dataclass(frozen=True)
class Deployment:
    """One embedded AWS and what this checkout deploys into it.

    `aws` is the process environment that points AWS clients at it (endpoint, credentials);
    `work` is a folder for the assembly, the outputs and the log; `patch` is what differs from the
    environment `local` (`infra/merge_patch.py`).
    """

    aws: Mapping[str, str]
    work: Path
    tell: Callable[[str], None] = print
    patch: Path | None = None

    def deploy(self) -> Outputs:
        """Bootstrap, deploy the buckets, publish the base model into them, deploy the rest.

        The order is that of a real account: an endpoint cannot start before its weights exist, and
        no image is released before a certificate vouches for the signing key.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        outputs = self.work / "outputs.json"
        outputs.unlink(missing_ok=True)
        assembly = str(self.work / "cdk.out")
        deploy = ["deploy", "--app", assembly, "--require-approval", "never"]
        deploy += ["--progress", "events", "--outputs-file", str(outputs)]
        context = ["-c", f"environment={ENVIRONMENT}"]
        if self.patch:
            context += ["-c", f"patch={self.patch.resolve()}"]
        self._step("cdk synth", "synth", "--quiet", *context, "--output", assembly)
        self._step("cdk bootstrap", "bootstrap", "--app", assembly, f"aws://{ACCOUNT}/{REGION}")
        self._step("cdk deploy avatar-local-storage", *deploy, "avatar-local-storage")
        storage = _flatten(outputs)
        self._publish_base(storage["ModelsBucket"], storage["DataKeyArn"])
        self._issue_certificate(storage["SigningKeyArn"], storage["CertificatesParameter"])
        self._step("cdk deploy --all", *deploy, "--all")
        merged = {"avatar": {**storage, **_flatten(outputs)}}
        outputs.write_text(json.dumps(merged, indent=2))
        return Outputs.read(outputs)

    def destroy(self) -> None:
        """Remove every stack; buckets that still hold objects are kept by design."""
        assembly = str(self.work / "cdk.out")
        self._step("cdk destroy --all", "destroy", "--app", assembly, "--all", "--force")

    def _step(self, title: str, *arguments: str) -> None:
        cdk = str(ROOT / "node_modules" / ".bin" / "cdk")
        self._run(title, [cdk, "--no-notices", "--no-version-reporting", *arguments])

    def _publish_base(self, bucket: str, key_arn: str) -> None:
        # What ships was made by this project: its own licence, which nobody has to agree to anew.
        licence = licence_in(SHIPPED_FOLDER).sha256
        for model in base_models(self.patch):
            command = [sys.executable, "-m", "bases.publish", "--source", model]
            command += ["--id", model, "--bucket", bucket, "--kms-key", key_arn]
            command += ["--accept-licence", licence]
            self._run(f"publish base model {model}", command)

    def _issue_certificate(self, key_arn: str, parameter: str) -> None:
        command = [sys.executable, "-m", "certificates", "develop"]
        command += ["--key", key_arn, "--parameter", parameter]
        self._run("issue a development certificate", command)

    def _run(self, title: str, command: list[str]) -> None:
        started = time.monotonic()
        log = self.work / "deploy.log"
        with log.open("ab") as out:
            out.write(f"\n=== {title}\n".encode())
            out.flush()
            done = subprocess.run(  # noqa: S603 - the commands are ours
                command, cwd=ROOT, env=self._environment(), stdout=out, stderr=subprocess.STDOUT
            )
        if done.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
            raise DeploymentError(f"'{title}' failed; the end of {log.name}:\n{tail}")
        self.tell(f"  {title:<40} {time.monotonic() - started:6.1f} s")

    def _environment(self) -> dict[str, str]:
        venv = str(Path(sys.executable).parent)
        path = f"{venv}{os.pathsep}{os.environ.get('PATH', '')}"
        account = {"CDK_DEFAULT_ACCOUNT": ACCOUNT, "CDK_DEFAULT_REGION": REGION}
        return {**os.environ, **self.aws, **account, "PATH": path, "PYTHONPATH": str(ROOT)}


def base_models(patch: Path | None) -> list[str]:
    """The ids of the base models that environment `local` is configured with."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    file = str(patch) if patch else None
    environments = patched(context["environments"], ENVIRONMENT, file)
    return [base.model.id for base in load(environments, ENVIRONMENT).served_bases]


def _flatten(outputs: Path) -> dict[str, str]:
    stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
    return {name: value for stack in stacks.values() for name, value in stack.items()}
