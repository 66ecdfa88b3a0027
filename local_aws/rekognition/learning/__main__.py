"""`python -m local_aws.rekognition.learning`: draw, train both networks, write the weights."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import cv2
import torch
from safetensors.numpy import load_file, save_file

from local_aws.rekognition.drawn.network import WEIGHTS
from local_aws.rekognition.learning import finder, identity, pictures
from local_aws.rekognition.learning.layers import Tensors

VIEWS = 6
CALIBRATION = 100  # families


def families(name: str, count: int) -> list[identity.Family]:
    """`count` families, each of two similar persons, VIEWS pictures of each person."""
    found = []
    for number in range(count):
        one, other = (
            list(pictures.portraits_of(subject, f"{name} {number} {which}", VIEWS))
            for which, subject in enumerate(pictures.family(f"{name} {number}"))
        )
        found.append((one, other))
    return found


def main(arguments: list[str] | None = None) -> None:
    """Train what is asked for; weights of the other network are kept."""
    parser = argparse.ArgumentParser(
        prog="python -m local_aws.rekognition.learning", description=__doc__
    )
    parser.add_argument("--families", type=int, default=600)
    parser.add_argument("--finder-steps", type=int, default=1200)
    parser.add_argument("--identity-steps", type=int, default=1100)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    drawn = families("training", given.families)
    tensors: Tensors = load_file(given.out) if given.out.exists() else {}
    if given.finder_steps:
        portraits = [one for pair in drawn for group in pair for one in group]
        tensors |= finder.train(portraits, given.finder_steps).tensors()
        save_file(tensors, given.out)
    if given.identity_steps:
        network = identity.train(drawn, given.identity_steps)
        tensors |= network.tensors()
        tensors["identity.similarity"] = identity.calibrated(
            network, families("calibration", CALIBRATION)
        )
    save_file(tensors, given.out, {"made_by": "python -m local_aws.rekognition.learning"})


if __name__ == "__main__":
    main()
