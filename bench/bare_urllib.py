"""The least that Python can do: urllib, no validation, lines read one by one.

python3 bench/bare_urllib.py BASE_URL MODEL PROMPT
"""

import json
import os
import ssl
import sys
import urllib.request

base_url, model, prompt = sys.argv[1:]
request = urllib.request.Request(
    f"{base_url}/generation/sse/{model}",
    json.dumps({"prompt": prompt}).encode(),
    {"Authorization": f"Bearer {os.environ['SKILLS_VIDEO_API_KEY']}", "Content-Type": "application/json"},
)
context = ssl.create_default_context() if base_url.startswith("https:") else None
with urllib.request.urlopen(request, timeout=120, context=context) as answer:
    for line in answer:
        if line.startswith(b"data:"):
            job = json.loads(line[5:])
            print(json.dumps(job), flush=True)
            if job["status"] in ("COMPLETED", "FAILED", "CANCELED"):
                break
