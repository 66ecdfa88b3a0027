"""Every way in which reading or writing a document of the contract can fail.

ContractError
├── InvalidDocumentError      a field is missing, unknown, of the wrong type, or out of bounds
│   └── UnknownFormatError    the document is of a format version that this code does not know
├── BaseFolderError           a base model is incomplete, damaged, or none that we know
└── ChecksumError             a file is not the one that its manifest describes
"""


class ContractError(Exception):
    """Base of everything this package raises. The message is one sentence, safe to log."""


class InvalidDocumentError(ContractError):
    """A document does not have the shape that the contract asks for.

    Messages name the document and the field, never a field's value: values may be personal.
    """


class UnknownFormatError(InvalidDocumentError):
    """The document says that it is of another format version."""


class BaseFolderError(ContractError):
    """This is no complete base model that we know; the message names the file or the reason."""


class ChecksumError(ContractError):
    """A file's size or SHA-256 differs from its manifest."""
