"""`python -m training`: the job on this machine, for whoever changes recipes and base models.

The same code as on SageMaker (`train.py`), with folders by argument instead of by container.
"""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bases.source import CACHE, SHIPPED
from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.errors import ContractError
from contract.importing import uncollected
from contract.training_failure import FailureCode
from training.command import BAD_INPUT, Asked, add_subject, asked_of, sentence_parser
from training.errors import Interrupted, TrainingError
from training.train import FAILED, INTERRUPTED, Termination

# What the job finds wrong with what it was given, as against what goes wrong on its way.
_INPUT = frozenset(
    {
        FailureCode.HYPERPARAMETERS_INVALID,
        FailureCode.NO_PHOTOS,
        FailureCode.PHOTO_UNREADABLE,
        FailureCode.BASE_MODEL_INVALID,
    }
)


def main(arguments: Sequence[str]) -> int:
    """Run it; returns the exit status. Leaves by SystemExit where argparse does."""
    parser = sentence_parser(
        "python -m training",
        "Learn a subject from a folder of photos; leaves an adapter for the base model.\n"
        "A minute on a laptop: "
        "python -m training photos --base tiny-sd --out out --set learning_rate=0.003",
    )
    add_subject(parser)
    parser.add_argument(
        "--base",
        required=True,
        help="base model: a folder in diffusers layout, s3://bucket/prefix, a hub id "
        f"(owner/name@revision), or {' or '.join(SHIPPED)}, which are shipped",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for adapter, manifest and checkpoints"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="where fetched bases are kept")
    given = parser.parse_args(arguments)
    asked = asked_of(parser, given)
    termination = Termination()
    try:
        with termination.listening(), _told_on_stderr():
            _train(asked, given.out, given.cache, termination)
    except ContractError as error:
        return _end(BAD_INPUT, str(error))
    except TrainingError as error:
        status = BAD_INPUT if error.failure.code in _INPUT else FAILED
        return _end(status, error.failure.sentence)
    except Interrupted:
        return _end(INTERRUPTED, "interrupted: the same command goes on from the last checkpoint")
    _tell(given.out)
    return 0


@contextmanager
def _told_on_stderr() -> Iterator[None]:
    """Within, the job's own lines are shown, and no library's."""
    job, handler = logging.getLogger("training"), logging.StreamHandler(sys.stderr)
    job.addHandler(handler)
    before = job.level
    job.setLevel(logging.INFO)
    try:
        yield
    finally:
        job.setLevel(before)
        job.removeHandler(handler)


def _train(asked: Asked, out: Path, cache: Path, termination: Termination) -> None:
    # torch takes seconds to import; bad arguments should not have to wait for it.
    with uncollected():
        from training import job
        from training.local_base import local_base
        from training.photos import load_photos
        from training.settings import Folders

    load_photos(asked.photos)  # before a base model is fetched for them
    base = local_base(asked.base, cache, out / "base")
    settings = asked.settings(base.description.id, base.description.family, base.resolution)
    folders = Folders.from_environment(
        {
            "SM_CHANNEL_PHOTOS": str(asked.photos),
            "SM_CHANNEL_MODEL": str(base.folder),
            "SM_CHANNEL_PRIOR": str(out / "prior"),
            "SM_MODEL_DIR": str(out),
            "SM_OUTPUT_DIR": str(out),
            "SM_CHECKPOINT_DIR": str(out / "checkpoints"),
        }
    )
    job.run(settings, folders, termination)


def _end(status: int, sentence: str) -> int:
    sys.stderr.write(f"python -m training: {sentence}\n")
    return status


def _tell(folder: Path) -> None:
    """Where the adapter is, and what was measured."""
    manifest = AdapterManifest.from_json((folder / MANIFEST_FILE).read_bytes())
    base = manifest.base_model
    lines = [
        f"adapter   {folder / ADAPTER_FILE}",
        f"manifest  {folder / MANIFEST_FILE}",
        f"for       {base.id} ({base.family}), rank {manifest.rank}, {manifest.size_bytes} bytes",
        "measured",
        *(f"  {name:<20} {value}" for name, value in manifest.metrics.items()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
