"""Rewrite the generated part of data/: everything but the prose, which is written by hand.

    python -m codelength_embedded.make

It needs numpy, scipy, matplotlib, Pillow and soundfile, and for the speech the synthesiser
espeak-ng (on Debian: apt-get install -y espeak-ng). Every part has a fixed seed. What comes out is
committed all the same, because float arithmetic, fonts and synthesiser versions differ between
machines and a corpus must not. Nothing here is imported when the corpus is read.
"""

from pathlib import Path

from codelength_embedded.making import pictures, sound, structured

DATA = Path(__file__).resolve().parent / "data"


def main() -> None:
    for folder, write in [
        ("structured", structured.write),
        ("images", pictures.write),
        ("sound", sound.write),
    ]:
        (DATA / folder).mkdir(parents=True, exist_ok=True)
        write(DATA / folder)
        for path in sorted((DATA / folder).iterdir()):
            print(f"{path.stat().st_size:>9,}  {path.relative_to(DATA)}")


if __name__ == "__main__":
    main()
