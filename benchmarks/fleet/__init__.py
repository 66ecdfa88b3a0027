"""A day of the endpoint in seconds: traffic replayed through the deployed scaling policies.

`policies.py` reads what the template deploys, `peers.py` what two public projects deploy;
`simulation.py` replays a trace through them with the engine that scales the laptop's endpoint
(`local_aws.autoscaling`); `inputs.py` holds every assumed number with its source. The loop is our
own: SimPy needs 19 s for a million requests of a bare queue, before caches and scaling.
"""
