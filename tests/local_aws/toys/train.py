"""A training script that does what its hyperparameter `mode` says; run as a real process."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--mode", default="succeed")
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--token", default="")
arguments = parser.parse_args()

model = Path(os.environ["SM_MODEL_DIR"])
checkpoints = Path(os.environ["SM_CHECKPOINT_DIR"])
failure = Path(os.environ["SM_OUTPUT_DIR"]) / "failure"
done = checkpoints / "done.json"


def stop(_number: int, _frame: object) -> None:
    (checkpoints / "stopped").write_text("yes")
    sys.exit(0)


def ignore(_number: int, _frame: object) -> None:
    print("SIGTERM ignored")


signal.signal(signal.SIGTERM, ignore if arguments.mode == "stubborn" else stop)
print(f"training begins in mode {arguments.mode}")
if arguments.mode == "fail":
    failure.write_text("NO_PHOTOS: there are no photos. " + "x" * 2000)
    sys.exit(3)
if arguments.mode == "crash":
    message = "a bug"
    raise RuntimeError(message)
first = json.loads(done.read_text())["step"] + 1 if done.exists() else 0
for step in range(first, arguments.steps):
    temporary = checkpoints / "done.tmp"
    temporary.write_text(json.dumps({"step": step}))
    temporary.rename(done)
    if arguments.mode == "die" and step == 1:
        time.sleep(1.5)  # lets the checkpoint reach S3
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60 if arguments.mode in ("wait", "stubborn") else 0.05)
photos = sorted(p.name for p in Path(os.environ["SM_CHANNEL_PHOTOS"]).rglob("*") if p.is_file())
report = {"photos": photos, "token": arguments.token, "first": first, "hps": os.environ["SM_HPS"]}
(model / "report.json").write_text(json.dumps(report))
(model / "sub").mkdir()
(model / "sub" / "weights.bin").write_bytes(b"w" * 10)
