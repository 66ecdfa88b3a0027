"""Amazon Rekognition on a laptop: AWS's requests, answers and errors, from small real detectors.

Drawn people are found and compared by two small networks (`drawn/`, trained by `learning/`),
photographed faces by OpenCV's Haar cascades and the gradients of aligned faces; quality is measured
light and focus; moderation, age, celebrities and text come from test cards (`cards`). None of it
judges content as AWS does, which `docs/aws-only.md` says.
"""

from local_aws.rekognition.service import install

__all__ = ["install"]
