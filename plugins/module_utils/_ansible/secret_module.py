# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AnsibleModule for modules whose secrets stand in lists and dictionaries. Standard library and Ansible only."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


class DiscreetModule(AnsibleModule):
    """Keeps such secrets out of the system's log.

    AnsibleModule logs a list as its repr(). In that the line ends of a key are escaped, so that AnsibleModule does not
    find there the text that it would mask.
    """

    def _log_invocation(self) -> None:
        self.no_log_values.update({repr(value)[1:-1] for value in self.no_log_values if isinstance(value, str)})
        super()._log_invocation()
