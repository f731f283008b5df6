# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faster loading of libraries and our own files, which takes most of a task's time on its host. _door/module.py imports
this file first."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import sys
import typing as t
import zipimport


@contextlib.contextmanager
def no_collection() -> t.Iterator[None]:
    """Loading libraries and their tables creates no garbage, but Python looks for it again and again, which takes a
    tenth of a task's time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()


class Importer(zipimport.zipimporter):
    """zipimporter compiles a file once to find it and once more to run it. This importer only looks up where it is."""

    def find_spec(self, fullname: str, target: t.Any = None) -> t.Any:
        try:
            is_file = not self.is_package(fullname)
        except zipimport.ZipImportError:  # it is not in this zip
            is_file = False
        if not is_file:
            return super().find_spec(fullname, target)
        name = fullname.rpartition(".")[2]
        place = os.path.join(self.archive, self.prefix, f"{name}.py")
        return importlib.util.spec_from_file_location(fullname, place, loader=self)


def use_importer() -> None:
    """Use it from now on, for imports from zips that Python knows. Other imports are not affected."""
    sys.path_hooks.insert(0, Importer)
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimport.zipimporter):
            del sys.path_importer_cache[path]


# This is how Ansible sends modules to hosts. Python 3.9 finds modules differently, and other importers leave out __spec__.
if isinstance(getattr(__spec__, "loader", None), zipimport.zipimporter) and hasattr(zipimport.zipimporter, "find_spec"):
    use_importer()
