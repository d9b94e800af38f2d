"""Results out: fetched as from a stranger, checked by their bytes, saved whole or not at all, with their record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .atomic import (
        Part as Part,
        check_folder as check_folder,
        digest_of as digest_of,
        keep as keep,
        move_to_free_name as move_to_free_name,
        part_file as part_file,
        write_whole as write_whole,
    )
    from .download import Downloader as Downloader
    from .label import Provenance as Provenance, read_label as read_label
    from .labelling import Labelling as Labelling, add_labels as add_labels, labelled as labelled
    from .names import stem as stem
    from .output_name import (
        OutputName as OutputName,
        check_many as check_many,
        output_from as output_from,
        parse_output_name as parse_output_name,
    )
    from .outputs import (
        copy_saved as copy_saved,
        save as save,
        still_there as still_there,
        those_there as those_there,
    )
    from .placing import Placing as Placing
    from .sidecar import (
        belongs_to as belongs_to,
        find_sidecar as find_sidecar,
        is_folder as is_folder,
        is_plain as is_plain,
        read_sidecar as read_sidecar,
        record_of as record_of,
        write_sidecar as write_sidecar,
    )
    from .transfer import save_failed as save_failed
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("atomic", "Part check_folder digest_of keep move_to_free_name part_file write_whole"),
        ("download", "Downloader"),
        ("label", "Provenance read_label"),
        ("labelling", "Labelling add_labels labelled"),
        ("names", "stem"),
        ("output_name", "OutputName check_many output_from parse_output_name"),
        ("outputs", "copy_saved save still_there those_there"),
        ("placing", "Placing"),
        ("sidecar", "belongs_to find_sidecar is_folder is_plain read_sidecar record_of write_sidecar"),
        ("transfer", "save_failed"),
    )
