"""What Sojourn reads: connectors, readers of their files, and the loader."""
