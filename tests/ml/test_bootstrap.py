"""The fixed file beside the weights, loaded as the toolkit loads it, over HTTP to a small S3."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from contract.generation_result import GenerationError, GenerationResponse
from inference.settings import ServingSettings
from tests.ml.bucket_server import CODE, bundle, environment, model_folder, object_server
from tests.ml.serving import ADAPTERS, WORK, request
from tests.ml.training_runs import ROOT

# What the toolkit does, in a process where nothing of this project can be imported by accident.
_TOOLKIT = """
import importlib, json, sys
model_dir, body = sys.argv[1:]
sys.path.insert(0, model_dir + "/code")
module = importlib.import_module("inference")
load, transform = module.model_fn, module.transform_fn
del module
model = load(model_dir)
for text in (body, "{}", body):
    try:
        print(transform(model, text, "application/json", "application/json").replace("\\n", " "))
    except Exception as error:
        print(str(error).replace("\\n", " "))
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}))
"""
# Of what is installed beside us, here or in the container: seconds of a wake-up for nothing.
_NOT_NEEDED = {"torchvision", "torchaudio", "pandas", "sklearn", "matplotlib", "datasets", "cv2"}


def serve(
    sd_base: Path, folder: Path, objects: dict[str, bytes], body: str
) -> "subprocess.CompletedProcess[str]":
    model = model_folder(sd_base, folder)
    with object_server(objects) as url:
        return subprocess.run(
            [sys.executable, "-P", "-c", _TOOLKIT, str(model), body],
            cwd=folder,
            env=environment(url, folder),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def test_the_bootstrap_hands_over_to_the_fetched_code(sd_base: Path, tmp_path: Path) -> None:
    asked = request(sd_base, steps=2)
    objects = {CODE: bundle()}
    done = serve(sd_base, tmp_path, objects, json.dumps(json.loads(asked.to_json())))
    documents = [line for line in done.stdout.splitlines() if line.startswith("{")]
    answers = [line for line in documents if "_aws" not in json.loads(line)]
    assert len(answers) == 3, done.stderr[-2000:]
    assert GenerationResponse.from_json(answers[0]).artifacts[0].seed == 1
    assert GenerationError.from_json(answers[1]).code == "request_invalid"
    first, last = (GenerationResponse.from_json(answers[n]) for n in (0, 2))
    assert first.artifacts == last.artifacts
    assert f"/work/{asked.progress_uri.key}" in objects
    (loaded,) = (line.split() for line in done.stdout.splitlines() if line.startswith("loaded "))
    assert "diffusers" in loaded
    assert not _NOT_NEEDED.intersection(loaded)


def test_the_weights_are_being_read_before_any_library_is_imported() -> None:
    asked = "import inference.handler, sys; print(*{n.partition('.')[0] for n in sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"torch", "diffusers", "transformers", "peft", "numpy", "PIL", "boto3"}
    assert "inference" in said.stdout.split()
    assert not heavy.intersection(said.stdout.split())


def test_code_that_leads_out_of_its_folder_is_refused(sd_base: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("../escaped.py")
        tar.addfile(entry, io.BytesIO(b""))
    done = serve(sd_base, tmp_path, {CODE: buffer.getvalue()}, "{}")
    assert done.returncode != 0
    assert "OutsideDestinationError" in done.stderr
    assert not (tmp_path / "tmp" / "escaped.py").exists()


@pytest.mark.parametrize("missing", ["ADAPTER_PREFIX_URI", "WORK_PREFIX_URI", "BASE_MODEL_ID"])
def test_an_endpoint_without_its_variables_does_not_start(missing: str) -> None:
    told = {"ADAPTER_PREFIX_URI": ADAPTERS, "WORK_PREFIX_URI": WORK, "BASE_MODEL_ID": "tiny-sd"}
    assert ServingSettings.from_environment(told).precision == "fp16"
    del told[missing]
    with pytest.raises(ValueError, match=missing):
        ServingSettings.from_environment(told)
