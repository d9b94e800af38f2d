"""openai's videos.create, the first half of create_and_poll.  python openai_videos.py URL"""

import contextlib
import sys

import openai

with contextlib.suppress(Exception):
    openai.OpenAI(api_key="dummy-test-key", base_url=sys.argv[1], max_retries=0).videos.create(prompt="a cat")
