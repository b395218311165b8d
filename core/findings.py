"""What a rule is and what it says.

Rules live in `policies`; these are the words that every way in and every report shares. A finding never holds a value
that the rule was not sure may be shown: it quotes locations, names and digests, never environment values or data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether a finding stops an update. Only these two: a rule that is off is not a rule."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


class LeakClass(StrEnum):
    """漏えい区分: what a finding would let out of the country."""

    S1 = "S1"  # customer data at rest
    S2 = "S2"  # prompts and outputs processed
    S3 = "S3"  # keys and secrets
    S4 = "S4"  # logs, telemetry, metadata
    S5 = "S5"  # control plane, inbound only


@dataclass(frozen=True)
class Text:
    """One sentence in both languages of the interface."""

    en: str
    ja: str

    def __getitem__(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


@dataclass(frozen=True)
class RuleMeta:
    """What is known of a rule without running it. `source` says where its reason can be read."""

    id: str
    level: Level
    leak_class: LeakClass | None
    title: Text
    why: Text
    fix: Text
    source: str

    def finding(
        self,
        resource: str,
        path: str,
        message: Text,
        *,
        location: str = "",
        level: Level | None = None,
        leak_class: LeakClass | None = None,
    ) -> Finding:
        """This rule's objection to the property at `path` of the resource with URN `resource`.

        Level and leak class are the rule's unless given.
        """
        return Finding(
            rule=self.id,
            level=level or self.level,
            leak_class=leak_class or self.leak_class,
            resource=resource,
            property=path,
            location=location,
            message=message,
        )


@dataclass(frozen=True)
class Finding:
    """One rule's objection to one property of one resource."""

    rule: str
    level: Level
    leak_class: LeakClass | None
    resource: str
    """URN."""
    property: str
    """Concrete wire path, such as `spec.template.spec.containers[0].image`; empty for the resource as a whole."""
    location: str
    """The offending place name (`us-east-1`), empty where the finding is not about a place."""
    message: Text
    waived: bool = False
