"""runwayml's text_to_image.create.  python runway.py URL"""

import contextlib
import sys

import runwayml

with contextlib.suppress(Exception):
    client = runwayml.RunwayML(api_key="dummy-test-key", base_url=sys.argv[1], max_retries=0)
    client.text_to_image.create(model="gen4_image", ratio="1920:1080", prompt_text="a cat")
