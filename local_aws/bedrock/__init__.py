"""Amazon Bedrock's image models on a laptop: InvokeModel in AWS's shapes, drawn by the miniature.

What a call may hold is checked here as AWS documents it, apart from the translation in `lambdas`,
so that the one finds the other's mistakes. The pictures come from a base model of this repository,
in a process that is started by the first call and ends when nobody asks any more; what the hosted
models draw, filter and cost is not shown, which `docs/aws-only.md` says.
"""

from local_aws.bedrock.service import install

__all__ = ["install"]
