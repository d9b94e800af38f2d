"""Volcengine's Ark SDK, content_generation.tasks.create.  python ark.py URL"""

import contextlib
import sys

from volcenginesdkarkruntime import Ark

with contextlib.suppress(Exception):
    client = Ark(api_key="dummy-test-key", base_url=sys.argv[1], max_retries=0)
    client.content_generation.tasks.create(model="doubao-seedance", content=[{"type": "text", "text": "a cat"}])
