# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regenerate the authority's list of public suffixes from a public_suffix_list.dat.

    python3 tools/public_suffixes.py public_suffix_list.dat

The file comes from https://publicsuffix.org/list/ or from the Python package publicsuffixlist, which carries a copy of
it. Only its ICANN section is used: below the private suffixes (github.io and the like) owners of names may have certificates.
"""

from __future__ import annotations

import collections
import re
import sys
import textwrap
from pathlib import Path

TARGET = Path(__file__).parent.parent / "plugins/module_utils/_authority/lifecycle/public_suffix_list.py"
HEADER = '''# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The top-level domains of the public DNS, and the suffixes below which names are registered: data, not code.

Source: the ICANN section of the Public Suffix List (https://publicsuffix.org, Mozilla Public License 2.0, distributed
here under its section 3.3), in the version below; its single labels are IANA's top-level domains. Names are in
Punycode. Written by tools/public_suffixes.py.
"""

from __future__ import annotations

VERSION = "{version}"

TOP_LEVEL = """
{top}
"""

# After each top-level domain and its colon: what stands before it in its suffixes. "*": any label. "!": not a suffix.
BELOW = """
{below}
"""
'''


def main(source: str) -> None:
    text = Path(source).read_text(encoding="utf-8")
    found = re.search(r"VERSION: (\S+)", text)
    if not found or "===END ICANN DOMAINS===" not in text:
        sys.exit(f"{source} is not a Public Suffix List: it has no VERSION or no ICANN section.")
    icann = text.partition("===END ICANN DOMAINS===")[0]
    rules = sorted({_ascii(line.split()[0]) for line in icann.splitlines() if line.strip() and line[:2] != "//"})
    below = collections.defaultdict(list)
    for rule in rules:
        before, dot, top = rule.rpartition(".")
        if dot:
            below[top].append(before)
    top_level = _filled(" ".join(sorted({rule.rpartition(".")[2] for rule in rules})))
    suffixes = " ".join(f"{top}: {' '.join(each)}" for top, each in sorted(below.items()))
    TARGET.write_text(HEADER.format(version=found[1], top=top_level, below=_filled(suffixes)), encoding="utf-8")


def _filled(words: str) -> str:
    return textwrap.fill(words, 118, break_long_words=False, break_on_hyphens=False)


def _ascii(rule: str) -> str:
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in rule.split(".")
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
