"""Fuzzing the API: an installation to throw away, runs of the fuzzer over the document, and our own check."""
