# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._report.options import read_options

HERE = "/srv/here"


def read(**given: Any) -> dict[str, Any]:
    return read_options({"acm_report_path": "page.html", **given}, HERE)


@pytest.mark.parametrize(
    ("path", "absolute"),
    [("page.html", "/srv/here/page.html"), ("../www/a.b.html", "/srv/www/a.b.html"), ("/srv/x.html", "/srv/x.html")],
)
def test_the_path_is_absolute_and_the_data_is_next_to_it(path: str, absolute: str) -> None:
    found = read(acm_report_path=path)
    assert (found["acm_report_path"], found["stem"]) == (absolute, absolute.removesuffix(".html"))


def test_all_options() -> None:
    found = read(
        acm_report_mode="0640",
        acm_report_title="Shop",
        acm_report_connections=[{"region": "eu-central-1", "profile": "shop"}, {"authority": "/srv/acm"}],
        acm_report_s3={"bucket": "b", "object": "x/index.html"},
        acm_report_details="no",
        acm_report_diagnose=True,
        acm_deploy_renewals_renew_before="33%",
    )
    assert (found["acm_report_details"], found["acm_report_diagnose"]) == (False, True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"acm_report_path": "/srv/www/"},
            "acm_report_path is '/srv/www/': give the path of a file that ends in .html.",
        ),
        ({"acm_report_path": 7}, "acm_report_path is 7: give the path of a file that ends in .html."),
        (
            {"acm_report_path": "page.html", "acm_report_host": "web1"},
            "acm_report_path is 'page.html': give an absolute path, because it is on another host or for another user.",
        ),
        ({"acm_report_details": "perhaps"}, "acm_report_details is 'perhaps': give true or false."),
        (
            {"acm_report_mode": 644},
            "acm_report_mode is 644: give the mode of the files in octal digits in quotes, for example '0640'.",
        ),
        ({"acm_report_title": ""}, "acm_report_title must be a text of 1 to 200 characters."),
        (
            {"acm_report_connections": {"region": "x"}},
            "acm_report_connections is not a list of dictionaries such as {region: eu-central-1, profile: shop}.",
        ),
        (
            {"acm_report_connections": [{"regoin": "x"}]},
            "acm_report_connections has 'regoin', which is not one of authority, region, profile, endpoint_url.",
        ),
        (
            {"acm_report_connections": [{"authority": "/a", "region": "x"}]},
            "acm_report_connections has the authority /a with a region, profile or endpoint: an authority needs none "
            "of them.",
        ),
        (
            {"acm_report_connections": [{"authority": ""}]},
            "authority in item 1 of acm_report_connections is empty; give the path of an authority, or leave it out to "
            "use AWS.",
        ),
        (
            {"acm_report_connections": [{"region": "x"}, {"authority": "acm"}]},
            "authority in item 2 of acm_report_connections is 'acm'; give an absolute path such as /srv/acm.",
        ),
        ({"acm_report_s3": {"object": "x.html"}}, "acm_report_s3 has no bucket."),
        (
            {"acm_report_s3": {"bucket": "b", "object": "x"}},
            "acm_report_s3.object is 'x': give a name that ends in .html.",
        ),
        (
            {"acm_report_s3": "bucket"},
            "acm_report_s3 is not a dictionary such as {bucket: reports, object: certificates/index.html}.",
        ),
        ({"acm_report_timeout": "soon"}, "acm_report_timeout is 'soon': give a number of seconds greater than 0."),
        ({"acm_report_resolvers": "192.0.2.1"}, "acm_report_resolvers is not a list of addresses such as [192.0.2.1]."),
        (
            {"acm_deploy_renewals_renew_before": "soon"},
            "acm_deploy_renewals_renew_before is 'soon', which is neither a number of days nor a share: give '30', or "
            "'33%' of the lifetime.",
        ),
    ],
)
def test_each_mistake_is_reported_in_one_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(**given)
    assert str(refused.value) == sentence


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(acm_report_pth="x", acm_report_mode="rw")
    said = str(refused.value)
    assert (
        said.startswith("acm_report_pth is not a variable of certops.acm.report; its variables are ")
        and "acm_report_mode" in said
    )
