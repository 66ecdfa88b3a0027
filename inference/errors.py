"""Every way in which a request can fail; the server stays healthy after each.

    ServingError
    ├── RequestRefusedError    the document is wrong, or names what it must not
    ├── AdapterError           the adapter is missing, damaged, or made for another base model
    └── GenerationFailedError  our side: storage, memory, or an unexpected error

The inference toolkit turns any exception into status 400 with the exception's text as message, so
the text is the error document of the contract.
"""

from contract.generation_result import GenerationError


class ServingError(Exception):
    """Carries a code for programs and a message for people, without prompts or owners."""

    def __init__(self, code: str, message: str) -> None:
        self.error = GenerationError(code, message)
        super().__init__(self.error.to_json())


class RequestRefusedError(ServingError):
    """The request itself is at fault; repeating it is no use."""


class AdapterError(ServingError):
    """The adapter cannot be used; the base model and other adapters can."""


class GenerationFailedError(ServingError):
    """The request may succeed when it is repeated."""
