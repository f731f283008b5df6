# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create botocore clients in a fifth of the time (docs/developing/performance.md)."""

from __future__ import annotations

import os
import typing as t

try:
    import botocore.loaders
    from botocore.exceptions import UnknownServiceError
except ImportError:
    pass  # AnsibleAWSModule reports it


def quick(session: t.Any, *, knows_endpoints: bool = True) -> t.Any:
    """The same session, creating clients without looking into each of botocore's four hundred service folders.

    knows_endpoints: if false, also without the table of all AWS endpoints, which takes half of the time to create a
    client, and without the rules that choose an endpoint for each call.
    """

    class Loader(botocore.loaders.Loader):  # type: ignore[misc, unused-ignore]
        def list_available_services(self, type_name: str) -> list[str]:
            return [name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)]

        def load_data_with_path(self, name: str) -> t.Any:
            if name == "endpoints" and not knows_endpoints:
                return {"partitions": []}, self.BUILTIN_DATA_PATH
            return super().load_data_with_path(name)

        def load_service_model(self, service_name: str, type_name: str, api_version: t.Optional[str] = None) -> t.Any:
            if type_name == "endpoint-rule-set-1" and not knows_endpoints:
                raise UnknownServiceError(service_name=service_name, known_service_names="none")
            return super().load_service_model(service_name, type_name, api_version)

    path = session.get_config_variable("data_path")
    more = [os.path.expandvars(os.path.expanduser(each)) for each in path.split(os.pathsep)] if path else []
    session.register_component("data_loader", Loader(extra_search_paths=more))
    return session
