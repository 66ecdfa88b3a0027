"""The keys of the table.

    pk = OWNER#{owner}     sk = ACCOUNT                        usage counters; erasing_since
                                SUBJECT#{subject}
                                PHOTO#{subject}#{photo}
                                UPLOAD#{upload}
                                TRAINING#{training}
                                GENERATION#{generation}
                                ERASURE#{kind}#{id}            tombstone: still to be removed
                                IDEMPOTENCY#{record id}        which kept answers are this owner's
                                REVIEW#{generation}#{image}    what a moderator has to look at
                                REVIEW#{subject}#{photo}       the same, of a photo
                                REVIEW#ACCOUNT                 the same, of a block
    pk = RECEIPT#{erasure} sk = RECEIPT                        how an erasure stands; names nobody
    pk = GONE#{hash}       sk = GONE                           an account that was; names nobody

    pk = MARK#{number}     sk = MARK                           whose image carries that number

    pk = TIMES#{base}      sk = TIMES                          how long generations took lately

    pk = STANDING#{digest} sk = WINDOW#{number}                violations in a span of time
                                BLOCK                          the account is blocked
    pk = USAGE#{digest}    sk = DAY#{date}                     what an owner began that day

    by_owner   gsi1pk = OWNER#{owner}#{subject}   gsi1sk = TRAINING#… | GENERATION#…
               gsi1pk = REVIEW#{review}           gsi1sk = REVIEW
    by_state   gsi2pk = PHOTO#{state} | UPLOAD#{state} | TRAINING#{state} | GENERATION#{state}
                      | REVIEW#{state} | ERASURE | EXPIRY
               gsi2sk = since when (for ERASURE and EXPIRY: when it is due)

    the audit log, a table of its own:
    pk = AUDIT#{year}-{month}   sk = {time}#{entry}

One partition per owner: a key is built from the caller's own identity, so that someone else's thing
cannot be reached, only missed; lists are strongly consistent; erasing an account is one partition.
Only the states that the reconciler watches, and all of a review, are put into by_state. What has to
outlast an account lies under an id or a hash that leads back to nobody: receipts, and how the
account stands, or erasing would be the way out of a block.
"""

from __future__ import annotations

import hashlib

from lambdas.table import Key


def owner_partition(owner: str) -> str:
    """The partition with everything of that owner."""
    return f"OWNER#{owner}"


def account_key(owner: str) -> Key:
    """The owner's counters."""
    return Key(owner_partition(owner), "ACCOUNT")


SUBJECTS = "SUBJECT#"


def subject_key(owner: str, subject_id: str) -> Key:
    """One subject."""
    return Key(owner_partition(owner), f"{SUBJECTS}{subject_id}")


def photos_of(subject_id: str) -> str:
    """The sort key prefix of a subject's photos."""
    return f"PHOTO#{subject_id}#"


def photo_key(owner: str, subject_id: str, photo_id: str) -> Key:
    """One photo."""
    return Key(owner_partition(owner), f"{photos_of(subject_id)}{photo_id}")


UPLOADS = "UPLOAD#"


def upload_key(owner: str, upload_id: str) -> Key:
    """One upload."""
    return Key(owner_partition(owner), f"{UPLOADS}{upload_id}")


TRAININGS = "TRAINING#"
GENERATIONS = "GENERATION#"
# In a generation's item while it is being erased: for its owner, it is gone.
HIDDEN = "deleting"


def training_key(owner: str, training_id: str) -> Key:
    """One training."""
    return Key(owner_partition(owner), f"{TRAININGS}{training_id}")


def generation_key(owner: str, generation_id: str) -> Key:
    """One generation."""
    return Key(owner_partition(owner), f"{GENERATIONS}{generation_id}")


def subject_partition(owner: str, subject_id: str) -> str:
    """The partition of `by_owner` with the trainings and generations of one subject."""
    return f"{owner_partition(owner)}#{subject_id}"


def times_key(base_model: str) -> Key:
    """The times of a base model's endpoint: of nobody in particular, and one item."""
    return Key(f"TIMES#{base_model}", "TIMES")


def mark_key(number: int) -> Key:
    """What a number in a released image stands for: not in the owner's partition, nobody asks by
    owner; it is deleted with its generation, which knows the number."""
    return Key(f"MARK#{number:010x}", "MARK")


ERASURES = "ERASURE"


def erasure_key(owner: str, kind: str, target_id: str) -> Key:
    """The tombstone of one erasure."""
    return Key(owner_partition(owner), f"{ERASURES}#{kind}#{target_id}")


IDEMPOTENCY = "IDEMPOTENCY#"


def idempotency_key(owner: str, record_id: str) -> Key:
    """That a record of the idempotency table is this owner's."""
    return Key(owner_partition(owner), f"{IDEMPOTENCY}{record_id}")


def state_partition(entity: str, state: str) -> str:
    """The partition of `by_state` with all `entity` (PHOTO, UPLOAD, TRAINING, …) in a state."""
    return f"{entity}#{state}"


# The partition of `by_state` with what is kept for a time only.
EXPIRY = "EXPIRY"


def receipt_key(erasure_id: str) -> Key:
    """How one erasure stands, and its receipt."""
    return Key(f"RECEIPT#{erasure_id}", "RECEIPT")


def gone_key(owner: str) -> Key:
    """That an account was erased; an owner's random name cannot be found from its hash."""
    return Key(f"GONE#{hashlib.sha256(owner.encode()).hexdigest()}", "GONE")


REVIEWS = "REVIEW"


def reviews_of(generation_id: str) -> str:
    """The sort key prefix of the reviews of a generation's images."""
    return f"{REVIEWS}#{generation_id}#"


def image_review_key(owner: str, generation_id: str, image_id: str) -> Key:
    """The review of one image."""
    return Key(owner_partition(owner), f"{reviews_of(generation_id)}{image_id}")


def photo_review_key(owner: str, subject_id: str, photo_id: str) -> Key:
    """The review of one photo."""
    return Key(owner_partition(owner), f"{REVIEWS}#{subject_id}#{photo_id}")


def account_review_key(owner: str) -> Key:
    """The review of a block."""
    return Key(owner_partition(owner), f"{REVIEWS}#ACCOUNT")


def review_partition(review_id: str) -> str:
    """The partition of `by_owner` with the one review of that id."""
    return f"{REVIEWS}#{review_id}"


def standing_partition(owner: str) -> str:
    """How an account stands; the owner's id cannot be read from it."""
    return f"STANDING#{hashlib.sha256(owner.encode()).hexdigest()}"


BLOCK = "BLOCK"


def block_key(owner: str) -> Key:
    """That the account is blocked."""
    return Key(standing_partition(owner), BLOCK)


WINDOWS = "WINDOW#"


def window_key(owner: str, window: int) -> Key:
    """The violations in one span of time."""
    return Key(standing_partition(owner), f"{WINDOWS}{window}")


def audit_partition(month: str) -> str:
    """The entries of the audit log of one month, `2026-11`."""
    return f"AUDIT#{month}"


def usage_key(owner: str, day: str) -> Key:
    """What an owner began in one day; the owner's id cannot be read from it."""
    return Key(f"USAGE#{hashlib.sha256(owner.encode()).hexdigest()}", f"DAY#{day}")
