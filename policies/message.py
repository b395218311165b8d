"""The sentences of findings, in both languages, built so that nothing is quoted that might be a secret.

Every message names the resource, the property and, if it is safe to show, the value; then what is wrong; then what to do.
"""

from __future__ import annotations

import re
from typing import Any, Final

from core.findings import Text
from core.graph import ResourceView
from core.values import Known

# Place names, networks, image names and words of configuration.
SHOWABLE: Final = re.compile(r"[A-Za-z0-9*][A-Za-z0-9 ._:/@*-]{0,255}")
HIDDEN: Final = Text(en="[a value that is not shown]", ja="（表示しない値）")
UNKNOWN: Final = Text(en="not known before the update", ja="更新するまで不明")
ABSENT: Final = Text(en="absent", ja="指定なし")


def shown(value: Known) -> Text:
    """A value as a message may show it: switches, numbers and short words; never a secret."""
    raw = value.value
    if value.secret:
        return HIDDEN
    if isinstance(raw, bool):
        return Text(en=str(raw).lower(), ja=str(raw).lower())
    if isinstance(raw, int | float):
        return Text(en=f"{raw:g}", ja=f"{raw:g}")
    if isinstance(raw, str) and SHOWABLE.fullmatch(raw):
        return Text(en=raw, ja=raw)
    if raw == "":
        return Text(en="empty", ja="空")
    return HIDDEN


def location_of(value: Known) -> str:
    """The offending place name for a finding's `location`; empty if it may not be shown."""
    text = shown(value)
    return "" if text is HIDDEN or not isinstance(value.value, str) else text.en


def said(resource: ResourceView, path: str, value: Text, problem: Text, fix: Text) -> Text:
    """`name (type): path is value: problem → fix`."""
    where = f"{plain(resource.name)} ({plain(resource.type)})"
    subject_en = f"{plain(path)} is {value.en}: " if path else ""
    subject_ja = f"{plain(path)} は {value.ja}：" if path else ""
    return Text(
        en=f"{where}: {subject_en}{problem.en} → {fix.en}",
        ja=f"{where}: {subject_ja}{problem.ja} → {fix.ja}",
    )


def plain(text: Any) -> str:
    """A name on one line, without control characters."""
    return "".join(character if character.isprintable() else "?" for character in str(text))[:200]
