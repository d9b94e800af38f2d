"""fal-client's submit, as its README has it. It validates nothing.  python fal.py URL"""

import contextlib
import os
import sys

os.environ["FAL_KEY"] = "dummy-test-key"
import fal_client
from fal_client import client

client.QUEUE_URL_FORMAT = sys.argv[1].rstrip("/") + "/"
with contextlib.suppress(Exception):
    fal_client.submit("fal-ai/flux/dev", arguments={"prompt": "a cat"})
