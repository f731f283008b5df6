# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What guides quote below "What goes wrong" is what users see: one of our sentences, or one of another program, listed here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
import yaml
from ansible_collections.certops.acm.tests.support.guides import COLLECTION, GUIDES

HEADINGS = ("What goes wrong", "When a deployment fails", "Permissions")
OF_OTHERS = {
    "Ansible": {
        "Attempting to decrypt but no vault secrets found",
        "censored",
        "The vault password file … was not found",
        "has no attribute 'arn'",
        "has no attribute 'tags'",
    },
    "AWS": {"is not authorized to perform: acm:…", "renewal_eligibility: INELIGIBLE"},
    "amazon.aws": {"Passing both a profile and access tokens is not supported"},
    "acm-renewals.cron": {"The previous renewal run is still running"},
    "BIND": {"parsing failed", "creating IPv4 interface lo failed", "permission denied"},
    "certbot": {"Congratulations, all renewals succeeded"},
    "Java": {
        "PKIX path building failed",
        "java.io.IOException: … Algorithm HmacPBESHA256 not available",
        "keystore password was incorrect",
    },
    "OpenSSH": {"Host key verification failed"},
    "OpenSSL": {"key values mismatch", "unable to get local issuer certificate"},
    "pip": {"No matching distribution found"},
    "Python": {"Address already in use"},
    "the guide's own playbook": {"Wait until the load balancer serves it"},
    "Windows": {"The specified network password is not correct"},
}
DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")
VARIABLE = None  # part of a sentence that code fills in
MATCHED = 10  # a quote needs this many letters in the code, and at least a fifth of its own; what code fills in may be anything
GRAM = 5


def quotes() -> Iterator[tuple[str, str]]:
    """(page, quote) for what is in italics in the first column of these tables, or is code with a space in it."""
    for page in sorted(GUIDES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for heading in HEADINGS:
            section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
            for cell in re.findall(r"^\| (.+?) \|", section, re.MULTILINE)[1:]:
                for code, italics in re.findall(r"`([^`]+)`|\*([^*]+)\*", cell):
                    if italics or " " in code:
                        yield page.name, italics or code


Sentence = list["str | None"]  # letter by letter


@lru_cache(maxsize=None)
def sentences() -> list[tuple[Sentence, frozenset[str]]]:
    """Every text in our code and playbooks, with all its runs of GRAM letters."""
    found = []
    for values in [*texts_of_code(), *texts_of_playbooks()]:
        letters: Sentence = [letter for value in values for letter in (value if value is not VARIABLE else [VARIABLE])]
        found.append((letters, frozenset(gram for value in values if value for gram in grams(value))))
    return found


def texts_of_code() -> Iterator[Sentence]:
    for path in [*(COLLECTION / "plugins").rglob("*.py"), *(COLLECTION / "extensions").rglob("*.py")]:
        for node in said_in(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield [part.value if isinstance(part, ast.Constant) else VARIABLE for part in node.values]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield [node.value]


def texts_of_playbooks() -> Iterator[Sentence]:
    folder = COLLECTION / "playbooks"
    for path in [*folder.glob("*.yml"), *folder.glob("tasks/*.yml")]:
        for text in messages_in(yaml.safe_load(path.read_text(encoding="utf-8"))):
            parts = re.split(r"{{.*?}}", " ".join(text.split()))
            yield [part for constant in parts for part in (VARIABLE, constant)][1:]


def messages_in(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from (text for key, text in content.items() if key in ("fail_msg", "msg") and isinstance(text, str))
    for each in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from messages_in(each)


def said_in(tree: ast.AST) -> Iterator[ast.AST]:
    """Strings that users may see, that is, without docstrings and documentation."""
    for node in ast.iter_child_nodes(tree):
        is_text_alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_documentation = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION
        if not is_text_alone and not is_documentation:
            yield node
            yield from said_in(node)


def grams(text: str) -> Iterator[str]:
    return (text[start : start + GRAM] for start in range(len(text) - GRAM + 1))


def is_said(quote: str) -> bool:
    wanted = {gram for part in quote.split("…") for gram in grams(part)}
    enough = max(MATCHED, len(quote) / 5)
    return any(letters_in(quote, letters) >= enough for letters, known in sentences() if wanted & known)


def letters_in(quote: str, sentence: Sentence) -> int:
    """How many letters of the quote are literally in the sentence, if part of the sentence can read like the quote; otherwise 0."""
    places = dict.fromkeys(range(len(sentence)), 0)  # possible positions → the letters matched on the way there
    for letter in quote:
        reached: dict[int, int] = {}

        def reach(place: int, matched: int) -> None:
            reached[place] = max(matched, reached.get(place, 0))

        for place, matched in places.items():
            if letter == "…":
                for later in range(place, len(sentence) + 1):
                    reach(later, matched)
            elif place < len(sentence) and sentence[place] is VARIABLE:
                reach(place, matched)
                reach(place + 1, matched)
            elif place < len(sentence) and sentence[place] == letter:
                reach(place + 1, matched + 1)
        places = reached
    return max(places.values(), default=0)


@pytest.mark.parametrize(("page", "quote"), list(quotes()), ids=str)
def test_quote_matches_a_message(page: str, quote: str) -> None:
    assert is_said(quote) or any(quote in theirs for theirs in OF_OTHERS.values())


def test_every_quote_of_another_program_is_used() -> None:
    shown = {quote for _page, quote in quotes()}
    assert [quote for theirs in OF_OTHERS.values() for quote in theirs if quote not in shown] == []


@pytest.mark.parametrize("quote", ["was imported, and ACM likes it", "No AWS region is knwon"])
def test_the_check_can_fail(quote: str) -> None:
    assert not is_said(quote)
