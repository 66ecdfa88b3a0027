"""`python -m lambdas.openapi > docs/openapi.json`."""

import json
import sys

from lambdas.openapi.document import describe
from lambdas.openapi.routes import all_routes

json.dump(describe(all_routes()), sys.stdout, indent=2, ensure_ascii=False)
sys.stdout.write("\n")
