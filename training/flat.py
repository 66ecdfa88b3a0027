"""What is trained, as one tensor: clipping, optimizer and mean take a call each, not hundreds.

LoRA is many small matrices: on them the time goes into the calls, not into the arithmetic.
"""

from collections.abc import Sequence

import torch


class Flat:
    """Makes parameters of one dtype and device views into `whole`, in the order given.

    Their gradients are views into its gradient, where autograd adds them up.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._parameters = list(parameters)
        joined = torch.cat([parameter.detach().flatten() for parameter in parameters])
        self.whole = torch.nn.Parameter(joined)
        self._gradient = torch.zeros_like(joined)
        sizes = [parameter.numel() for parameter in parameters]
        for parameter, values in zip(parameters, torch.split(joined, sizes), strict=True):
            parameter.data = values.view_as(parameter)
        self._gradients = [
            values.view_as(parameter)
            for parameter, values in zip(
                parameters, torch.split(self._gradient, sizes), strict=True
            )
        ]

    def expect(self, *, learning: bool) -> None:
        """Before a backward pass: gradients of zero; or none, and optimizers leave it alone."""
        if learning:
            self._gradient.zero_()
        if learning is (self.whole.grad is not None):
            return
        self.whole.grad = self._gradient if learning else None
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient if learning else None
