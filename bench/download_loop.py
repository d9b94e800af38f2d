"""The reference for downloads: requests in 64 KiB pieces, counted and hashed.

python3 bench/download_loop.py URL FILE
"""

import hashlib
import sys

import requests

digest = hashlib.sha256()
with requests.get(sys.argv[1], stream=True, timeout=60) as answer, open(sys.argv[2], "wb") as file:
    for piece in answer.iter_content(1 << 16):
        digest.update(piece)
        file.write(piece)
print(digest.hexdigest(), flush=True)
