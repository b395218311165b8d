"""No access list names everybody: Google's `allUsers`, or the principal `*` of an AWS policy that allows without condition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Known, is_list
from policies import message
from policies.rule import Context

EVERYBODY: Final = ("allUsers", "allAuthenticatedUsers")
MEMBERS: Final = ("member", "members[]", "entity", "accesses[].specialGroup", "accesses[].iamMember")
POLICIES: Final = ("policy", "resourcePolicy", "accessPolicies", "repositoryPolicy")
PROBLEM: Final = Text(en="it lets everybody in", ja="誰にでもアクセスを許可します")


class NoPublicPrincipal:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="no-public-principal",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Access is given to somebody, not everybody", ja="アクセス権は特定の主体にのみ付与します"),
        why=Text(
            en="An access list that names everybody lets anybody in any country read the data.",
            ja="全員を指定したアクセス権では、どの国の誰でもデータを読めます。",
        ),
        fix=Text(en="Name accounts, roles or groups.", ja="アカウント・ロール・グループを指定してください。"),
        source="policies/rules/no_public_principal.py",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.package == "gcp":
            found = (pair for path in MEMBERS for pair in resource.values(path))
            places = [(path, value) for path, value in found if isinstance(value, Known) and value.value in EVERYBODY]
        elif resource.package == "aws":
            found = (pair for path in POLICIES for pair in resource.values(path))
            places = [(path, value) for path, value in found if isinstance(value, Known) and _is_public(value.value)]
        else:
            return
        for path, value in places:
            said = message.shown(value) if resource.package == "gcp" else Text(en="public", ja="公開")
            yield self.meta.finding(resource.urn, path, message.said(resource, path, said, PROBLEM, self.meta.fix))


def _is_public(policy: Any) -> bool:
    """Whether an AWS policy document allows something to everybody, whatever the circumstances."""
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and "*" in _principals(statement.get("Principal"))
        for statement in _statements(policy)
    )


def _statements(policy: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    for item in (statements or ()) if is_list(statements) else (statements,):
        if isinstance(item, Mapping):
            yield item


def _principals(principal: Any) -> Iterator[Any]:
    if isinstance(principal, Mapping):
        for value in principal.values():
            yield from value if is_list(value) else (value,)
    else:
        yield principal
