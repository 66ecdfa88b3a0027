"""Every route of the API against every kind of caller who must not get through, and the answers.

Shared by a command (`python -m benchmarks.cross_tenant`, against a running stack), one end-to-end
test, and a test in process; how to send a request and what tokens there are is theirs.
"""
