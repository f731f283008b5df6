# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/event-driven.md: the policy of the event source, and the decision environment. test_rulebooks.py runs the rulebooks."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.certops.acm.tests.support import guide_reader
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, run

PAGE = "event-driven.md"
EXAMPLES = COLLECTION / "docs" / "examples"


def test_policy_allows_what_the_source_calls() -> None:
    source = (COLLECTION / "extensions/eda/plugins/event_source/acm_queue.py").read_text(encoding="utf-8")
    called = set(re.findall(r"_client\.(\w+)\(", source))
    allowed = guide_reader.allowed(PAGE, "The event source", 0)
    assert called == {re.sub(r"(?<=\w)(?=[A-Z])", "_", action.removeprefix("sqs:")).lower() for action in allowed}


def test_decision_environment(tmp_path: Path) -> None:
    context = tmp_path / "context"
    definition = EXAMPLES / "decision-environment.yml"
    words = ["ansible-builder", "create", "--file", str(definition), "--context", str(context)]
    run([*words, "--output-filename", "Containerfile"], cwd=tmp_path)
    made = (context / "Containerfile").read_text(encoding="utf-8")
    assert "ENV JAVA_HOME=/usr/lib/jvm/jre" in made
    assert "ansible-rulebook" in (context / "_build" / "requirements.txt").read_text(encoding="utf-8")
    assert "java-latest-openjdk-headless" in (context / "_build" / "bindep.txt").read_text(encoding="utf-8")


def test_decision_environment_is_pinned_like_the_execution_environment() -> None:
    decision = yaml.safe_load((EXAMPLES / "decision-environment.yml").read_text(encoding="utf-8"))
    execution = yaml.safe_load((EXAMPLES / "execution-environment.yml").read_text(encoding="utf-8"))
    assert decision["images"] == execution["images"]
    shared = ("python_interpreter", "ansible_core", "ansible_runner", "galaxy")
    assert [decision["dependencies"][part] for part in shared] == [execution["dependencies"][part] for part in shared]
