"""What made a file, said inside it: a label of XMP in PNG, JPEG, WebP, MP4 and MOV, pixels and frames untouched.

The door: :func:`label_file` and :func:`read_label`, and :func:`label_copy` for a file that has no name yet.

Own lines, because no library does it (2026-11): Pillow writes XMP only by encoding anew, and no clips; piexif knows
Exif alone, mutagen no pictures and no uuid box; PyAVM does JPEG and PNG; python-xmp-toolkit, pyexiv2 and exiv2 need a
C++ library, the latter two under the GPL. xmpkit-py (MIT, Rust) knows all five, holds a file twice in memory, and left
a MOV of ffmpeg's that could not be decoded.
"""

from .door import Labelled, LeftAlone, label_copy, label_file, read_label
from .provenance import Provenance

__all__ = ["Labelled", "LeftAlone", "Provenance", "label_copy", "label_file", "read_label"]
