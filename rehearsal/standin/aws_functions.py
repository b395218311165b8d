"""The functions (invokes) of `aws` that follow from their arguments and the provider's configuration alone. Pure.

A lookup of what exists in an account has no place here: a stand-in has no account to look into.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.standin.cloud import Function, Settings
from rehearsal.standin.synthesis import digest

#: Stands for the account when the provider's configuration names none.
ACCOUNT = "000000000000"
# Zones that an account usually sees, by their letters; the id of a zone differs from account to account.
ZONES = {"ap-northeast-1": "acd", "ap-northeast-3": "abc"}


def account(settings: Settings) -> str:
    """The account that the provider acts in."""
    allowed = settings.get("allowedAccountIds") or [ACCOUNT]
    return str(allowed[0])


def _zones(region: str) -> list[str]:
    return [f"{region}{letter}" for letter in ZONES.get(region, "abc")]


def _get_availability_zones(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    region = str(args.get("region") or settings["region"])
    zones = _zones(region)
    excluded = args.get("excludeNames") or []
    names = [zone for zone in zones if zone not in excluded]
    return {
        "id": region,
        "region": region,
        "groupNames": [region],
        "names": names,
        "zoneIds": [f"rehearsal-{zone}" for zone in names],
        **args,
    }


def _get_caller_identity(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    number = account(settings)
    return {"id": number, "accountId": number, "arn": f"arn:aws:iam::{number}:user/rehearsal", "userId": "REHEARSAL"}


def _get_region(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    region = str(args.get("region") or args.get("name") or settings["region"])
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": f"rehearsal of {region}",
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _get_partition(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _get_policy_document(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """An IAM policy as JSON; the documents that it may be merged with are not supported."""
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = [_statement(each) for each in args.get("statements") or []]
    text = json.dumps(document, indent=2)
    return {**args, "id": digest(text)[:10], "json": text, "minifiedJson": json.dumps(document, separators=(",", ":"))}


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": given.get("effect") or "Allow"}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    for key, name in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(key):
            statement[name] = _one_or_many(given[key])
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(key):
            statement[name] = {each["type"]: _one_or_many(each["identifiers"]) for each in given[key]}
    for condition in given.get("conditions") or []:
        tests = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
        tests[condition["variable"]] = _one_or_many(condition["values"])
    return statement


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


FUNCTIONS: Mapping[str, Function] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _get_policy_document,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _get_availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _get_caller_identity,
    "aws:index/getPartition:getPartition": _get_partition,
    "aws:index/getRegion:getRegion": _get_region,
}
