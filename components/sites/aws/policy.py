"""Policy documents of AWS as data: statements, documents, and who may assume a role.

Only the form is here. What is allowed stands beside the resource that it is allowed on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import pulumi

Statement = Mapping[str, Any]
Condition = Mapping[str, Mapping[str, Any]]
Principal = Literal["*"] | Mapping[str, Any]

PODS: Final = "pods.eks.amazonaws.com"
"""The service through which EKS Pod Identity hands a role to a service account."""


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy document as JSON; known before deployment where every value in it is."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    principal: Principal | None = None,
    condition: Condition | None = None,
) -> Statement:
    """A statement that allows. `principal` is for policies of resources only."""
    return _statement("Allow", sid, actions, resources, principal, condition)


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    principal: Principal | None = None,
    condition: Condition | None = None,
) -> Statement:
    """A statement that denies, whatever else allows."""
    return _statement("Deny", sid, actions, resources, principal, condition)


def trust(service: str, *, condition: Condition | None = None) -> pulumi.Output[str]:
    """Who may assume a role: one service of AWS, for `condition` only."""
    actions = ["sts:AssumeRole", "sts:TagSession"] if service == PODS else ["sts:AssumeRole"]
    return document(
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": actions,
            **({"Condition": condition} if condition else {}),
        }
    )


def trust_account(cluster_arn: str, namespace: str, account: str) -> pulumi.Output[str]:
    """Who may assume a role: one Kubernetes service account of one cluster, however many associations exist."""
    return trust(
        PODS,
        condition={
            "StringEquals": {
                "aws:RequestTag/eks-cluster-arn": cluster_arn,
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": account,
            }
        },
    )


def _statement(
    effect: Literal["Allow", "Deny"],
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    principal: Principal | None,
    condition: Condition | None,
) -> Statement:
    return {
        "Sid": sid,
        "Effect": effect,
        **({"Principal": principal} if principal else {}),
        "Action": list(actions),
        "Resource": list(resources),
        **({"Condition": condition} if condition else {}),
    }
