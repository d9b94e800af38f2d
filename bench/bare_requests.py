"""The reference: what somebody writes in twenty lines with requests, sseclient-py and jsonschema. No record, no resume.

python3 bench/bare_requests.py BASE_URL OPENAPI_FILE MODEL PROMPT
"""

import json
import os
import sys

import requests
import sseclient
from jsonschema import Draft202012Validator

base_url, file, model, prompt = sys.argv[1:]
with open(file, encoding="utf-8") as opened:
    document = json.load(opened)
body = {"prompt": prompt}
operation = document["paths"][f"/generation/sse/{model}"]["post"]
content = document["components"]["requestBodies"][operation["requestBody"]["$ref"].rsplit("/", 1)[-1]]["content"]
schema = {**content["application/json"]["schema"], "components": document["components"]}
Draft202012Validator(schema).validate(body)
answer = requests.post(
    f"{base_url}/generation/sse/{model}",
    json=body,
    headers={"Authorization": f"Bearer {os.environ['SKILLS_VIDEO_API_KEY']}", "Accept": "text/event-stream"},
    stream=True,
    timeout=120,
)
for event in sseclient.SSEClient(answer).events():
    job = json.loads(event.data)
    print(json.dumps(job), flush=True)
    if job["status"] in ("COMPLETED", "FAILED", "CANCELED"):
        break
