"""Activation: bring destinations to the state of the models in ``models/activation/``.

``activate`` plans the difference between a model's rows and what a destination last acknowledged,
sends it in batches, and logs every outcome, so that no row is lost and no effect repeated.
"""

from __future__ import annotations

from sojourn.activation.config import Sync, SyncConfigError, load_syncs
from sojourn.activation.destinations.base import (
    Batch,
    Destination,
    DestinationNotConfigured,
    Operation,
    Outcome,
)
from sojourn.activation.engine import activate
from sojourn.activation.result import ActivationError, ActivationResult, SyncResult

__all__ = [
    "ActivationError",
    "ActivationResult",
    "Batch",
    "Destination",
    "DestinationNotConfigured",
    "Operation",
    "Outcome",
    "Sync",
    "SyncConfigError",
    "SyncResult",
    "activate",
    "load_syncs",
]
