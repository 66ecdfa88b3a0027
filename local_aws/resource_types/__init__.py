"""CloudFormation resource types that the emulator refuses, recorded or completed here."""


def install() -> None:
    """Register every type."""
