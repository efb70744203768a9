"""The contracts: codec, corpus, protocol, media, and what they are named and described by."""
