"""What every block of settings is: frozen, and strict about its keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SettingsBlock(BaseModel):
    """An unknown key is an error, so that a misspelt setting is never ignored."""

    # Only the whole is validated: that each block gets a validator of its own would be paid for at
    # the start of every function.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
