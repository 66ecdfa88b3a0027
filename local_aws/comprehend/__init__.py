"""Amazon Comprehend on a laptop: AWS's requests, answers and limits, from small rules.

The scores tell crude cases apart, no more; `local_aws.testcards.TOXIC_PHRASE` is always toxic.
"""

from local_aws.comprehend.service import install

__all__ = ["install"]
