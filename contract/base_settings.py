"""Do a base model's parts fit each other and our recipes: told from their configuration alone."""

from collections.abc import Mapping

from contract.architecture import ARCHITECTURES, EPSILON, FLOW, Architecture
from contract.base_files import BaseFiles
from contract.base_layout import Layout, json_of
from contract.document import Fields
from contract.errors import BaseFolderError

_FLOW_SCHEDULER = "FlowMatchEulerDiscreteScheduler"
_SCHEDULER_FILE = "scheduler/scheduler_config.json"


def check_settings(files: BaseFiles, layout: Layout) -> None:
    """Raise BaseFolderError for parts of another model or a prediction that no recipe knows."""
    architecture = ARCHITECTURES[layout.family]
    denoiser = _config(files, f"{architecture.denoiser}/config.json")
    if denoiser.get("_class_name") != architecture.denoiser_class:
        raise BaseFolderError(f"{architecture.denoiser}/ is no {architecture.denoiser_class}")
    latents = _config(files, "vae/config.json").get("latent_channels", 4)
    if denoiser.get("in_channels", latents) != latents:
        raise BaseFolderError(
            f"{architecture.denoiser}/ takes {denoiser['in_channels']} channels and vae/ makes "
            f"{latents}: it is made for another task, such as inpainting"
        )
    _check_widths(files, architecture, denoiser)
    _check_scheduler(files, architecture)


def _check_widths(
    files: BaseFiles, architecture: Architecture, denoiser: Mapping[str, object]
) -> None:
    """The text that the denoiser expects is as wide as what its encoders give."""
    encoders = [_config(files, f"{name}/config.json") for name in architecture.text_encoders]
    if FLOW in architecture.predictions:
        given, wanted = encoders[-1].get("d_model"), denoiser.get("joint_attention_dim")
    else:
        given = sum(width for one in encoders if isinstance(width := one.get("hidden_size"), int))
        wanted = denoiser.get("cross_attention_dim")
    if given != wanted:
        raise BaseFolderError(
            f"{architecture.denoiser}/ does not fit {' and '.join(architecture.text_encoders)}/"
        )


def _check_scheduler(files: BaseFiles, architecture: Architecture) -> None:
    scheduler = _config(files, _SCHEDULER_FILE)
    if FLOW in architecture.predictions:
        if scheduler.get("_class_name") != _FLOW_SCHEDULER:
            raise BaseFolderError(f"scheduler/ is no {_FLOW_SCHEDULER}")
        if scheduler.get("use_dynamic_shifting"):
            raise BaseFolderError("scheduler/ shifts its noise by picture size: no recipe does")
        return
    # Every scheduler of DDPM's noise has it; those of EDM and of flow matching do not.
    if "beta_schedule" not in scheduler:
        raise BaseFolderError("scheduler/ describes another kind of noise than diffusion's")
    prediction = scheduler.get("prediction_type", EPSILON)
    if prediction not in architecture.predictions:
        known = " or ".join(architecture.predictions)
        raise BaseFolderError(f"the model predicts neither {known.replace(' or ', ' nor ')}")


def _config(files: BaseFiles, name: str) -> dict[str, object]:
    fields: Fields = json_of(files, name)
    return fields.rest()
