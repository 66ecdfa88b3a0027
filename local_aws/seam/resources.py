"""Adding a resource type to the emulator's CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners, stacks

Properties = dict[str, Any]
Attributes = dict[str, Any]


# (logical id, properties, stack name) -> (Ref, Fn::GetAtt attributes)
Create = Callable[[str, Properties, str], tuple[str, Attributes]]
# (physical id, old, new, stack name) -> likewise. The same id: changed in place. Another id: the
# old resource is deleted once the whole update has succeeded.
Update = Callable[[str, Properties, Properties, str], tuple[str, Attributes]]
Delete = Callable[[str, Properties], None]

_threaded: set[str] = set()


def register_resource_type(
    resource_type: str, *, create: Create, update: Update, delete: Delete
) -> None:
    """Teach CloudFormation a type (`AWS::SageMaker::Model`).

    The handlers run in a thread of their own: they may block and may call the server. An
    exception fails the resource with its text, and CloudFormation rolls back. `delete` must
    accept a resource that is already gone. `tests/local_aws/test_seam.py` holds the contract.
    """
    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": update,
        "delete": delete,
    }
    _threaded.add(resource_type)


def run_on_threads() -> None:
    """Make the emulator run the registered types off its event loop (it does so for a few)."""
    original = stacks._runs_on_worker_thread

    def runs_on_worker_thread(resource_type: str) -> bool:
        return resource_type in _threaded or bool(original(resource_type))

    stacks._runs_on_worker_thread = runs_on_worker_thread


# (physical id, properties) after the emulator's own create or update succeeded.
Complete = Callable[[str, Properties], None]


def complete_resource_type(resource_type: str, complete: Complete) -> None:
    """Apply, after the emulator's own handler, the properties that it drops."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Attributes]:
        physical_id, attributes = create(logical_id, properties, stack_name)
        complete(physical_id, properties)
        return physical_id, attributes

    def updated(
        physical_id: str, old: Properties, new: Properties, *further: Any
    ) -> tuple[str, Attributes]:
        new_id, attributes = update(physical_id, old, new, *further)
        complete(new_id, new)
        return new_id, attributes

    handlers["create"], handlers["update"] = created, updated
    _threaded.add(resource_type)
