"""Destinations: one file each, and one line in the list below."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.activation.config import Sync
    from sojourn.activation.destinations.base import Destination

# Name in syncs.yml: "module:factory". The factory takes the sync and returns a Destination.
DESTINATIONS: dict[str, str] = {
    "webhook": "sojourn.activation.destinations.webhook:WebhookDestination",
}


def open_destination(sync: Sync) -> Destination:
    """Return the destination that a sync names, ready to send.

    Raises:
        SyncConfigError: when there is no such destination or its options are wrong.
        DestinationNotConfigured: when its address or secret is not set.
    """
    from sojourn.activation.config import SyncConfigError

    if sync.destination not in DESTINATIONS:
        raise SyncConfigError(
            f"Sync {sync.name!r}: there is no destination {sync.destination!r}; "
            f"use one of: {', '.join(sorted(DESTINATIONS))}."
        )
    module, _, factory = DESTINATIONS[sync.destination].partition(":")
    destination: Destination = getattr(import_module(module), factory)(sync)
    return destination
