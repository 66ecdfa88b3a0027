"""Amazon Rekognition on a laptop: AWS's requests, answers and errors, from small real detectors.

Faces come from OpenCV's Haar cascades, quality from measured light and focus, likeness from
gradients of aligned faces, moderation from the test card (`local_aws.testcards`). None of it
judges content as AWS does, which `docs/aws-only.md` says.
"""

from local_aws.rekognition.service import install

__all__ = ["install"]
