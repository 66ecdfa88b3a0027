"""What goes along with a base model and is no part of its hash."""

from collections.abc import Collection

from contract.doubling import doubler_files
from contract.few_step import few_step_files
from contract.measuring import measuring_files


def extra_files(names: Collection[str]) -> list[str]:
    """Files that are published with a base, by path from its root; each group whole or not."""
    return [*measuring_files(names), *few_step_files(names), *doubler_files(names)]
