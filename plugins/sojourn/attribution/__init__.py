"""Fits of attribution: proposed with a report of what they would move, and adopted."""
