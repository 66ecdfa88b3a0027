"""Powertools reads these when it is imported, as deployment sets them."""

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Avatar")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "1")
