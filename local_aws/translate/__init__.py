"""Amazon Translate on a laptop: AWS's requests, answers and limits, with a phrase book behind them.

It knows the toxic test phrase in a few languages and a few dozen words of each; every other word
stays as it is. That is enough to show what becomes of a foreign text, and no translation.
"""

from local_aws.translate.service import install

__all__ = ["install"]
