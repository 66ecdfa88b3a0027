"""InvokeModel, with its permission, its errors and what its own filter says."""

from __future__ import annotations

import base64
import functools
import io
import re
from pathlib import Path
from typing import Any

from botocore.session import get_session
from PIL import Image

from local_aws import control, seam
from local_aws.bedrock.atelier import Atelier, NotDrawn
from local_aws.bedrock.calls import read_call
from local_aws.faults import rules_for
from local_aws.settings import CHECKOUT
from local_aws.testcards import TOXIC_PHRASE

Json = dict[str, Any]

_INVOKE = re.compile(r"/model/([^/]+)/invoke")
_BASES = CHECKOUT / "models"
_FILTERED_PROMPT = "Filter reason: prompt"

_rules = rules_for("bedrock")
_atelier = Atelier(_BASES / "miniature")


@functools.cache
def _statuses() -> dict[str, int]:
    """HTTP status of each error of InvokeModel, as botocore's model of the service has it."""
    service = get_session().get_service_model("bedrock-runtime")
    shapes = service.operation_model("InvokeModel").error_shapes
    return {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes}


def _answer(request: seam.RestRequest) -> seam.RestResponse:
    found = _INVOKE.fullmatch(request.path)
    if found is None or request.method != "POST":
        raise seam.AwsError("UnknownOperationException", "Only InvokeModel is served here.", 404)
    try:
        return seam.RestResponse(_invoke(found[1], request))
    except seam.AwsError as error:
        status = _statuses().get(error.code, error.status)
        raise seam.AwsError(error.code, error.message, status) from error


def _invoke(model_id: str, request: seam.RestRequest) -> Json:
    caller = request.caller
    arn = f"arn:aws:bedrock:{caller.region}::foundation-model/{model_id}"
    seam.authorize(caller, "bedrock:InvokeModel", arn)
    planted = _rules.meet("InvokeModel", caller) or {}
    call = read_call(model_id, caller.region, request.body)
    reason = planted.get("finish_reason")
    if reason is None and TOXIC_PHRASE in call.prompt.lower():
        reason = _FILTERED_PROMPT
    if reason is not None:
        return {"finish_reasons": [reason]}
    try:
        image = _encoded(_atelier.draw(call), call.output_format)
    except NotDrawn as error:
        text = "The model could not process the request."
        raise seam.AwsError("ModelErrorException", text) from error
    return {
        "seeds": [call.seed],
        "finish_reasons": [None],
        "images": [base64.b64encode(image).decode()],
    }


def _encoded(png: bytes, form: str) -> bytes:
    if form == "png":
        return png
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(out, form.upper())
    return out.getvalue()


def _draw_with(body: Json) -> Json:
    """`{"base": "tiny-sd"}`: a folder of `models/`."""
    folder = _BASES / Path(str(body.get("base"))).name
    if not (folder / "model_index.json").exists():
        raise control.BadRequestError(f"models/ has no base '{folder.name}'")
    _atelier.draw_with(folder)
    return {"base": folder.name}


def install() -> None:
    """Register the service."""
    seam.register_rest_json_service("bedrock-runtime", _answer)
    control.route("POST", "/_local/bedrock/base", _draw_with)
