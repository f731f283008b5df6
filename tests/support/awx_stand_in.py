# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the AWX API that the collection awx.awx and ansible-rulebook use, on loopback, with AWX's validation.

with awx_stand_in() as awx:
    run("ansible-playbook", "certops.acm.awx", env=awx.environment)
    assert awx.one("job_templates", "Renew certificates")["webhook_service"] == "gitlab"

It is stricter than AWX in one respect: it refuses unknown fields, which AWX ignores. It does not run jobs: a job that is
launched is finished immediately."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Reply, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Server

TOKEN = "a-token"
API = "/api/v2/"
PLAYBOOKS = ("playbooks/deploy.yml", "playbooks/renew.yml")  # what the project's repository contains
SECRET = "$encrypted$"

Object = dict[str, t.Any]


class Refused(Exception):
    """A request that AWX answers with 400: field → what is wrong with it."""


def text(value: t.Any) -> bool:
    return isinstance(value, str)


def flag(value: t.Any) -> bool:
    return isinstance(value, bool)


def is_integer(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(*values: str) -> t.Callable[[t.Any], bool]:
    return lambda value: value in values


def is_rrule(value: t.Any) -> bool:
    """One start in UTC or with a time zone, and one rule with an interval."""
    return bool(
        re.fullmatch(
            r"DTSTART(:\d{8}T\d{6}Z|;TZID=[\w/+-]+:\d{8}T\d{6}) RRULE:FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY);INTERVAL=\d+(;[A-Z]+=[\w,+-]+)*",
            value,
        )
    )


def is_json_object(value: t.Any) -> bool:
    return isinstance(json.loads(value), dict)


# Endpoint → field → its check. If the check is a string, it names the endpoint of the object that the field's number refers to.
FIELDS: dict[str, dict[str, t.Union[str, t.Callable[[t.Any], bool]]]] = {
    "organizations": {},
    "inventories": {"organization": "organizations"},
    "credential_types": {
        "kind": one_of("cloud", "net"),
        "managed": flag,
        "inputs": lambda value: isinstance(value, dict),
        "injectors": lambda value: isinstance(value, dict),
    },
    "credentials": {
        "organization": "organizations",
        "credential_type": "credential_types",
        "inputs": lambda value: isinstance(value, dict),
    },
    "execution_environments": {
        "organization": "organizations",
        "image": lambda value: bool(
            re.fullmatch(r"[\w.-]+(:\d+)?(/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?", value)
        ),
        "pull": one_of("", "always", "missing", "never"),
    },
    "projects": {
        "organization": "organizations",
        "scm_type": one_of("", "git", "svn", "insights", "archive"),
        "scm_url": lambda value: bool(re.fullmatch(r"(https|ssh|git)://\S+", value)),
        "scm_branch": text,
    },
    "job_templates": {
        "job_type": one_of("run", "check"),
        "organization": "organizations",
        "inventory": "inventories",
        "project": "projects",
        "playbook": one_of(*PLAYBOOKS),
        "execution_environment": "execution_environments",
        "extra_vars": is_json_object,
        "survey_enabled": flag,
        "allow_simultaneous": flag,
        "webhook_service": one_of("", "github", "gitlab"),
        **{
            f"ask_{what}_on_launch": flag
            for what in ("limit", "job_type", "diff_mode", "variables", "labels", "inventory")
        },
    },
    "schedules": {"unified_job_template": "job_templates", "rrule": is_rrule, "enabled": flag},
}
DEFAULTS: dict[str, Object] = {
    "job_templates": {name: False for name in FIELDS["job_templates"] if name.startswith("ask_")},
    "projects": {"scm_revision": "0" * 40},
}
REQUIRED = {
    "credential_types": ("kind",),
    "credentials": ("credential_type",),
    "execution_environments": ("image",),
    "job_templates": ("project", "playbook"),
    "schedules": ("unified_job_template", "rrule"),
}


class Awx:
    def __init__(self) -> None:
        self.stored: dict[str, dict[int, Object]] = {endpoint: {} for endpoint in FIELDS}
        self.launched: list[tuple[str, Object]] = []  # name of the job template, what was sent
        self.changes = 0
        self._last_id = 0
        self._server = Server(self._answer)
        self.url = self._server.url

    @property
    def environment(self) -> dict[str, str]:
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "true"}

    def add(self, endpoint: str, **fields: t.Any) -> Object:
        """Add an object, as if an administrator had created it."""
        self._last_id += 1
        made = self.stored[endpoint][self._last_id] = {
            "id": self._last_id,
            "type": endpoint.rstrip("s"),
            "url": f"{API}{endpoint}/{self._last_id}/",
            "related": {},
            "summary_fields": {},
            **DEFAULTS.get(endpoint, {}),
            **fields,
        }
        if endpoint == "job_templates":
            made["related"] = {name: f"{made['url']}{name}/" for name in ("survey_spec", "launch")}
            made["survey_spec"], made["credentials"] = {}, []
            organization = self.stored["projects"][made["project"]]["organization"]
            made["organization"] = organization
            made["summary_fields"]["organization"] = {"name": self.stored["organizations"][organization]["name"]}
        return made

    def one(self, endpoint: str, name: str) -> Object:
        (found,) = (each for each in self.stored[endpoint].values() if each["name"] == name)
        return found

    def start(self) -> None:
        self._server.start()

    def end(self) -> None:
        self._server.end(grace_s=10)

    # ---- one request

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return reply(401, {"detail": "Authentication credentials were not provided."})
        url = urlsplit(request.target)
        parts = url.path.removeprefix(API).strip("/").split("/")
        body = json.loads(request.body) if request.body else {}
        try:
            status, answer = self._carry_out(request.method, parts, dict(parse_qsl(url.query)), body)
        except Refused as refused:
            status, answer = 400, refused.args[0]
        return reply(status, answer)

    def _carry_out(self, method: str, parts: list[str], query: Object, body: Object) -> tuple[int, t.Any]:
        endpoint = "job_templates" if parts[0] == "unified_job_templates" else parts[0]
        if method == "GET" and parts[0] == "config":
            return 200, {"version": "24.6.1"}
        if method == "GET" and endpoint in ("jobs", "unified_jobs"):
            jobs = [self._job(number) for number in range(1, len(self.launched) + 1)]
            return (200, jobs[int(parts[1]) - 1]) if parts[1:] else (200, listing(jobs))
        if endpoint not in self.stored:
            return 404, {"detail": "Not found."}
        if not parts[1:]:
            if method == "GET":
                return 200, listing([shown(each) for each in self.stored[endpoint].values() if is_asked(each, query)])
            self._check(endpoint, body, REQUIRED.get(endpoint, ()) if method == "POST" else ())
            self.changes += 1
            return 201, shown(self.add(endpoint, **body))
        found = self.stored[endpoint].get(int(parts[1]))
        if found is None:
            return 404, {"detail": "Not found."}
        if parts[2:]:
            return self._related(method, found, parts[2], body)
        if method == "PATCH":
            self._check(endpoint, body, ())
            self.changes += 1
            found.update(body)
        return 200, shown(found)

    def _related(self, method: str, found: Object, what: str, body: Object) -> tuple[int, t.Any]:
        if what == "launch":
            allowed = {name: body[name] for name in body if name in ("limit", "extra_vars", "inventory")}
            ignored = {name: allowed.pop(name) for name in list(allowed) if not found[f"ask_{asked(name)}_on_launch"]}
            self.launched.append((found["name"], allowed))
            return 201, {**self._job(len(self.launched)), "ignored_fields": ignored}
        if what == "survey_spec":
            if method == "POST":
                check_survey(body)
                self.changes += 1
                found["survey_spec"] = body
            return 200, found["survey_spec"]
        assert what == "credentials", what
        if method == "GET":
            return 200, listing([shown(self.stored["credentials"][each]) for each in found["credentials"]])
        self.changes += 1
        if body.get("disassociate"):
            found["credentials"].remove(body["id"])
            return 204, None
        credentials = self.stored["credentials"]
        kinds = [credentials[each]["credential_type"] for each in found["credentials"]]
        if credentials[body["id"]]["credential_type"] in kinds:
            raise Refused({"error": "Cannot assign multiple credentials of one type."})
        found["credentials"].append(body["id"])
        return 204, None

    def _job(self, number: int) -> Object:
        now = "2026-01-01T00:00:00Z"
        job = {"id": number, "type": "job", "url": f"{API}jobs/{number}/", "status": "successful", "failed": False}
        return {**job, "created": now, "finished": now, "artifacts": {}, "name": self.launched[number - 1][0]}

    # ---- AWX's rules

    def _check(self, endpoint: str, body: Object, required: t.Collection[str]) -> None:
        fields = {"name": text, "description": text, **FIELDS[endpoint]}
        for name in ("name", *required):
            if not body.get(name):
                raise Refused({name: ["This field is required."]})
        for name, value in body.items():
            check = fields.get(name)
            if check is None:
                raise Refused({name: ["There is no such field."]})
            if isinstance(check, str):
                if value not in self.stored[check]:
                    raise Refused({name: [f'Invalid pk "{value}" - object does not exist.']})
            elif not check(value):
                raise Refused({name: [f'"{value}" is not a valid value.']})
        if endpoint == "credential_types":
            check_credential_type(body)
        if endpoint == "credentials":
            self._check_inputs(body)

    def _check_inputs(self, body: Object) -> None:
        schema = self.stored["credential_types"][body["credential_type"]]["inputs"]
        known = [field["id"] for field in schema["fields"]]
        for name in body.get("inputs", {}):
            if name not in known:
                raise Refused({"inputs": [f"'{name}' was unexpected"]})
        for name in schema.get("required", ()):
            if not body.get("inputs", {}).get(name):
                raise Refused({"inputs": {name: ["required for this credential type"]}})


def check_credential_type(body: Object) -> None:
    inputs, injectors = body.get("inputs", {}), body.get("injectors", {})
    ids = []
    for field in inputs.get("fields", []):
        unknown = set(field) - {
            "id",
            "label",
            "help_text",
            "type",
            "secret",
            "multiline",
            "choices",
            "default",
            "format",
        }
        if unknown or not {"id", "label"} <= set(field) or field.get("type", "string") not in ("string", "boolean"):
            raise Refused({"inputs": [f"{field} is not a field of a credential type"]})
        if not re.fullmatch(r"[a-zA-Z_]\w*", field["id"]) or field["id"] in (*ids, "tower"):
            raise Refused({"inputs": [f"{field['id']} is not an identifier, appears twice, or is reserved"]})
        ids.append(field["id"])
    if set(inputs) - {"fields", "required"} or not set(inputs.get("required", ())) <= set(ids):
        raise Refused({"inputs": ["has members that a credential type does not have"]})
    if set(injectors) - {"file", "env", "extra_vars"}:
        raise Refused({"injectors": ["has members that a credential type does not have"]})
    for kind, pairs in injectors.items():
        for name, template in pairs.items():
            if not re.fullmatch(r"[a-zA-Z_]\w*", name) or kind == "env" and name.startswith("ANSIBLE_"):
                raise Refused({"injectors": [f"{name} may not be injected"]})
            for used in re.findall(r"\{\{\s*(\w+)", template) or [""]:
                if used not in (*ids, "tower"):
                    raise Refused({"injectors": [f"{name} uses an undefined field ({used})"]})


def check_survey(body: Object) -> None:
    """The rules of the endpoint survey_spec."""
    kinds: dict[str, t.Any] = {"text": str, "textarea": str, "password": str, "integer": int, "float": (int, float)}
    kinds.update(multiplechoice=str, multiselect=(str, list))
    if set(body) != {"name", "description", "spec"} or not body["spec"]:
        raise Refused({"error": "'name', 'description' and 'spec' are required, and 'spec' must not be empty."})
    if not text(body["name"]) or not text(body["description"]) or not isinstance(body["spec"], list):
        raise Refused({"error": "'name' and 'description' must be strings, 'spec' a list."})
    variables = [item.get("variable") for item in body["spec"]]
    for number, item in enumerate(body["spec"]):
        wrong = []
        wrong += [name for name in ("type", "question_name", "variable", "required") if name not in item]
        wrong += ["type"] if item.get("type") not in kinds else []
        wrong += ["variable"] if variables.count(item.get("variable")) > 1 else []
        wrong += ["required"] if not flag(item.get("required")) else []
        wrong += [name for name in ("min", "max") if item.get(name) is not None and not is_integer(item[name])]
        if not wrong and item.get("default") not in (None, "") and not isinstance(item["default"], kinds[item["type"]]):
            wrong.append("default")
        if not wrong and item["type"].startswith("multi"):
            choices = item.get("choices") or []
            choices = choices if isinstance(choices, list) else choices.splitlines()
            given = item.get("default") or []
            given = given if isinstance(given, list) else given.splitlines()
            wrong += ["choices"] if not choices or not set(given) <= set(choices) else []
        if wrong:
            raise Refused({"error": f"Survey question {number}: {', '.join(wrong)}."})


# ---- answers


def asked(name: str) -> str:
    return {"extra_vars": "variables"}.get(name, name)


def is_asked(found: Object, query: Object) -> bool:
    wanted = {name: value for name, value in query.items() if not name.startswith(("or__", "page", "order_by"))}
    return all(str(found.get(name)) == value for name, value in wanted.items())


def shown(found: Object) -> Object:
    """The object without its secrets, which AWX never shows."""
    if "inputs" not in found or "credential_type" not in found:
        return found
    return {**found, "inputs": {name: SECRET for name in found["inputs"]}}


def listing(found: list[Object]) -> Object:
    return {"count": len(found), "next": None, "previous": None, "results": found}


def reply(status: int, answer: t.Any) -> Reply:
    body = b"" if answer is None else json.dumps(answer).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return Reply(status, {**headers, "X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}, body)


@contextlib.contextmanager
def awx_stand_in() -> t.Iterator[Awx]:
    """With the organization Default, the inventory Web servers, and the credential AWS."""
    awx = Awx()
    default = awx.add("organizations", name="Default")["id"]
    awx.add("inventories", name="Web servers", organization=default)
    kind = awx.add("credential_types", name="Amazon Web Services", managed=True, kind="cloud", inputs={}, injectors={})
    awx.add("credentials", name="AWS", organization=default, credential_type=kind["id"], inputs={"password": "x"})
    awx.start()
    try:
        yield awx
    finally:
        awx.end()
