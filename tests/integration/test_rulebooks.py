# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks, as ansible-rulebook really runs them: against an SQS, an ACM, and a stand-in for AWX."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.certops.acm.tests.support import guides
from ansible_collections.certops.acm.tests.support.acm_endpoint import AcmEndpoint, acm_endpoint
from ansible_collections.certops.acm.tests.support.awx_stand_in import TOKEN, awx_stand_in
from ansible_collections.certops.acm.tests.support.programs import running, wait_until
from ansible_collections.certops.acm.tests.support.unattended import NAME, issue, write_inventory
from moto.server import ThreadedMotoServer

REGION = "us-east-1"  # the authority's own, if none is given
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}


@pytest.fixture(autouse=True)
def java() -> None:
    if shutil.which("java") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("java is not installed, and ansible-rulebook needs it")


class Queue:
    """In an SQS on loopback."""

    def __init__(self, url: str) -> None:
        self.endpoint_url = url
        self.client = boto3.client("sqs", REGION, endpoint_url=url, **KEYS)
        self.url = self.client.create_queue(QueueName="certops-acm")["QueueUrl"]

    def send(self, body: dict[str, Any]) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def present(self) -> tuple[int, int]:
        """Waiting messages, and those being processed."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


@pytest.fixture
def queue() -> Iterator[Queue]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Queue(f"http://{host}:{port}")
    finally:
        server.stop()


@pytest.fixture
def acm(tmp_path: Path) -> Iterator[AcmEndpoint]:
    with acm_endpoint(tmp_path / "authority") as endpoint:
        yield endpoint


def available(arn: str) -> dict[str, Any]:
    """As EventBridge sends it."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "ACM Certificate Available",
        "source": "aws.acm",
        "account": "111122223333",
        "time": "2026-11-23T16:51:00Z",
        "region": REGION,
        "resources": [arn],
        "detail": {"Action": "RENEWAL", "CertificateType": "PRIVATE", "CommonName": NAME},
    }


def test_a_notice_starts_one_run_which_deploys_and_then_acknowledges(
    tmp_path: Path, queue: Queue, acm: AcmEndpoint
) -> None:
    arn, log = issue(acm), tmp_path / "rulebook.log"
    inventory = write_inventory(tmp_path, acm_deploy_region=REGION, acm_deploy_renewals_queue="certops-acm")
    variables = {"acm_region": REGION, "acm_sweep_every": 0}
    (tmp_path / "vars.yml").write_text(json.dumps(variables), encoding="utf-8")
    words = ["ansible-rulebook", "--rulebook", "certops.acm.renew", "--inventory", str(inventory), "--vars", "vars.yml"]
    where = {
        "AWS_ENDPOINT_URL_ACM": acm.url,
        "AWS_ENDPOINT_URL_SQS": queue.endpoint_url,
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        "HOME": str(tmp_path / "home"),
    }
    queue.send(available(arn))
    assert queue.present() == (1, 0)
    with running(words, tmp_path, log, where):
        wait_until(lambda: queue.present() == (0, 0), log)
        wait_until(lambda: "PLAY RECAP" in log.read_text(encoding="utf-8"), log)
    told = log.read_text(encoding="utf-8")
    assert told.count("PLAY [Renew certificates and deploy what was renewed]") == 1 and "failed=0" in told, told
    certificate = acm.client().get_certificate(CertificateArn=arn)["Certificate"]
    live = tmp_path / "certificates" / NAME / "live" / "fullchain.pem"
    assert live.read_text(encoding="utf-8").startswith(certificate.strip())


def test_a_sweep_launches_the_job_template(tmp_path: Path) -> None:
    log = tmp_path / "rulebook.log"
    (tmp_path / "vars.yml").write_text(json.dumps({"acm_queue_name": "", "acm_sweep_every": 3600}), encoding="utf-8")
    with awx_stand_in() as awx:
        project = awx.add("projects", name="certops.acm", organization=1)["id"]
        awx.add("job_templates", name="Renew certificates", project=project, playbook="playbooks/renew.yml")
        words = ["ansible-rulebook", "--rulebook", "certops.acm.renew_by_job_template", "--vars", "vars.yml"]
        words += ["--controller-url", awx.url, "--controller-token", TOKEN]
        with running(words, tmp_path, log, {"HOME": str(tmp_path), "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.2"}):
            wait_until(lambda: bool(awx.launched), log)
        # No variable is sent that the job template would have to allow.
        assert awx.launched == [("Renew certificates", {})]


def test_rulebook_of_the_guide_reads_each_queue(tmp_path: Path, queue: Queue) -> None:
    """Without the playbook: one source sweeps, and the other sends what is in its queue."""
    blocks = guides.blocks(guides.GUIDES / "event-driven.md")
    text = next(block.text for block in blocks if block.file_name == "renew_everywhere.yml")
    action = "run_playbook:\n          name: certops.acm.renew\n"
    assert text.count(action) == 1
    (tmp_path / "renew_everywhere.yml").write_text(text.replace(action, "print_event: {}\n"), encoding="utf-8")
    keys = "".join(f"{name} = {value}\n" for name, value in KEYS.items())
    (tmp_path / "config").write_text(f"[default]\n{keys}[profile shop]\n{keys}", encoding="utf-8")
    queue.send(available("arn:aws:acm:us-east-1:111122223333:certificate/7bf73129-1428-4cd3-a780-95db273d1602"))
    log = tmp_path / "rulebook.log"
    where = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ENDPOINT_URL_SQS": queue.endpoint_url,
        "HOME": str(tmp_path / "home"),
    }
    with running(["ansible-rulebook", "--rulebook", "renew_everywhere.yml"], tmp_path, log, where):
        for reason in ("sweep", "notices"):
            wait_until(lambda reason=reason: f"'reason': '{reason}'" in log.read_text(encoding="utf-8"), log)
    assert queue.present() == (1, 0), "an event source takes nothing from a queue"
