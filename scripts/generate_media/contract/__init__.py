"""OpenAPI documents as the one contract: endpoints, models, validation, templates, flags.

Importing this package imports no third party; jsonschema and PyYAML are imported where they are used.
"""

from .catalog import Contract, open_contract
from .flags import FlagForm
from .load import BrokenDocument
from .operations import Endpoint
from .problems import Problem

__all__ = ["BrokenDocument", "Contract", "Endpoint", "FlagForm", "Problem", "open_contract"]
