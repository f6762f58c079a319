#!/usr/bin/env python3
"""Remake the example PDFs, byte for byte.

    python3 make.py            remake both PDFs and prove that a second run agrees
    python3 make.py --check    also fail if the result differs from the PDFs kept here

Needs Python 3.8+ with pip and venv, and the Debian package fonts-noto-cjk
(apt-get install fonts-noto-cjk). The typst compiler comes from PyPI, at the
version below, into a temporary folder; it brings the Latin fonts with it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TYPST = "0.15.2"
HERE = Path(__file__).resolve().parent
NAMES = ("bridge-en", "bridge-zh")
FONT_FOLDER = Path(os.environ.get("QIAO_NOTO_CJK", "/usr/share/fonts/opentype/noto"))
# Files of fonts-noto-cjk 1:20220127+repack1-1 (Debian 12), by SHA-256.
FONTS = {
    "NotoSansCJK-Regular.ttc":
        "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
    "NotoSansCJK-Bold.ttc":
        "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
    "NotoSerifCJK-Regular.ttc":
        "a04178ec485dffdff7cc0c0c20e1fce9202d7e2160d805e8e44a4c8841c58481",
    "NotoSerifCJK-Bold.ttc":
        "a5d4b046c127da3d7c72f98b46c41489cd29bf52abfdf18aba920903e920d4ac",
}

COMPILE = """
import sys, typst
source, output, fonts = sys.argv[1:4]
typst.compile(source, output=output, font_paths=[fonts],
              ignore_system_fonts=True)
"""


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def fonts_into(folder):
    """Copy just the pinned fonts, so that no other one can be picked."""
    folder.mkdir()
    for name, want in FONTS.items():
        source = FONT_FOLDER / name
        if not source.is_file():
            sys.exit(f"make.py: {name} is missing: apt-get install fonts-noto-cjk "
                     "(or set QIAO_NOTO_CJK to the folder that holds it)")
        shutil.copyfile(source, folder / name)
        if digest(source) != want:
            print(f"make.py: {name} is another version; the PDFs may differ", file=sys.stderr)


def main():
    check = "--check" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as temp:
        temp = Path(temp)
        fonts_into(temp / "fonts")
        venv.create(temp / "venv", with_pip=True)
        python = temp / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        f"typst=={TYPST}"], check=True)
        failed = False
        for name in NAMES:
            runs = [temp / f"{name}-{n}.pdf" for n in (1, 2)]
            for output in runs:
                subprocess.run([python, "-c", COMPILE, HERE / f"{name}.typ", output, temp / "fonts"],
                               check=True, cwd=HERE)
            if digest(runs[0]) != digest(runs[1]):
                sys.exit(f"make.py: two runs of {name} differ")
            kept = HERE / f"{name}.pdf"
            same = kept.is_file() and digest(kept) == digest(runs[0])
            if check and not same:
                print(f"make.py: {name}.pdf differs from the one kept here", file=sys.stderr)
                failed = True
            else:
                shutil.copyfile(runs[0], kept)
            print(f"{name}.pdf  {runs[0].stat().st_size} bytes  sha256 {digest(runs[0])}"
                  f"  two runs agree{', as before' if same else ''}")
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
