"""requests, loaded without what nothing here asks it for."""

from __future__ import annotations

import subprocess
import sys

from generate_media.core.paths import BUNDLE


def test_requests_comes_without_a_detector_of_character_sets() -> None:
    """Without a word of it, whatever the filters of warnings; who wants the detector finds it afterwards."""
    code = (
        "import generate_media.http.connections, sys;"
        "print({*sys.modules} & {'requests', 'chardet', 'charset_normalizer'});"
        "import charset_normalizer as found; print(found.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=BUNDLE / "scripts", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["{'requests'}", "charset_normalizer"]
