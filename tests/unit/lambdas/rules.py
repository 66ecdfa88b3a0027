"""Settings for tests, in the shape that deployment passes."""

from __future__ import annotations

from lambdas.domain.settings import DomainSettings

SETTINGS = DomainSettings.model_validate(
    {
        "photos": {
            "minimum": {"person": 10, "pet": 4, "object": 4},
            "maximum": 15,
            "max_bytes": 10_000_000,
            "min_side": 64,
            "upload_ttl_seconds": 900,
        },
        "moderation": {
            "photo_min_confidence": 50,
            "image_min_confidence": 50,
            "toxicity_threshold": 0.5,
        },
        "training": {
            "max_attempts": 3,
            "max_runtime_seconds": 3600,
            "max_wait_seconds": 7200,
            "recipe": {
                "max_steps": 200,
                "rank": 4,
                "learning_rate": 0.001,
                "resolution": 64,
                "batch_size": 4,
            },
        },
        "generation": {
            "max_prompt_chars": 2000,
            "request_ttl_seconds": 21600,
            "link_ttl_seconds": 600,
        },
        "retention_days": {"images": 30, "adapters": None},
        "limits": {
            "subjects_per_user": 3,
            "active_trainings_per_user": 1,
            "active_generations_per_user": 20,
        },
        "base_model": {
            "id": "tiny-sd",
            "family": "sd",
            "sizes": [[64, 64]],
            "default_negative_prompt": "",
            "precision": "fp32",
        },
    }
)
