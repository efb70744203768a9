"""`python -m codelength_embedded` prints the digests that the classes must state."""

from codelength.api.corpus import corpus_digest
from codelength_embedded import codelength_corpora

for corpus in codelength_corpora():
    print(corpus.name, corpus_digest(corpus.samples()))
