"""replicate's predictions.create.  python replicate_create.py URL"""

import contextlib
import sys

import replicate

with contextlib.suppress(Exception):
    client = replicate.Client(api_token="dummy-test-token", base_url=sys.argv[1])
    client.predictions.create(model="black-forest-labs/flux-schnell", input={"prompt": "a cat"})
