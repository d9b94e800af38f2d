"""OpenAPI documents as the one contract: endpoints, models, validation, templates, flags.

Importing this package imports no third party; jsonschema and PyYAML are imported where they are used.
"""

from .budget import Budget, TooLarge
from .catalog import Contract, open_contract
from .flags import FlagForm
from .load import BrokenDocument
from .operations import Endpoint
from .problems import Problem

__all__ = ["BrokenDocument", "Budget", "Contract", "Endpoint", "FlagForm", "Problem", "TooLarge", "open_contract"]
