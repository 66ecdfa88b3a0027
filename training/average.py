"""A running mean of what is trained: calmer than the last step's weights (EMA)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from training.checkpoint import State


class Average:
    """The exponential moving average of some parameters; `decay` 0 is the parameters themselves.

    At first it forgets faster, by (1 + n) / (10 + n) after n steps, as TensorFlow's
    ExponentialMovingAverage does: a short run is no mean of its start.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], decay: float) -> None:
        self._parameters = list(parameters)
        self._decay = decay
        self._means = [parameter.detach().clone() for parameter in parameters] if decay else []

    @torch.no_grad()
    def update(self, step: int) -> None:
        """A step was done, the one with that number, from 0."""
        kept = min(self._decay, (1 + step) / (10 + step))
        for mean, parameter in zip(self._means, self._parameters, strict=bool(self._means)):
            mean.lerp_(parameter, 1 - kept)

    @contextmanager
    def laid_over(self) -> Iterator[None]:
        """Within, the parameters have their means as values."""
        own = [parameter.detach().clone() for parameter in self._parameters]
        self._set(self._means or own)
        try:
            yield
        finally:
            self._set(own)

    def state(self) -> State:
        """All that is needed to go on."""
        return {"means": [mean.cpu() for mean in self._means]}

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """Take up what `state` gave."""
        for mean, saved in zip(self._means, state["means"], strict=True):
            mean.copy_(saved)

    @torch.no_grad()
    def _set(self, values: Sequence[torch.Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)
