"""Ideal code lengths of large corpora: in parallel, chunk by chunk, resumable, always estimates."""
