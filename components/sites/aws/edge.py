"""How the edge's Service becomes an internal network load balancer, and the identity of the controller that makes it one.

The controller itself (AWS Load Balancer Controller) is one of the platform's operators and installed with them.
"""

from typing import Final

import pulumi
from pulumi_aws import eks

from components.foundation import EdgeExposure
from components.sites.aws import policy
from components.sites.aws.network import addresses
from components.sites.aws.pod_identity import PodIdentity, pod_identity
from components.sites.aws.provider import Scope

LOAD_BALANCER_CLASS: Final = "service.k8s.aws/nlb"
CONTROLLER_NAMESPACE: Final = "kube-system"
CONTROLLER_ACCOUNT: Final = "aws-load-balancer-controller"
_ANNOTATION: Final = "service.beta.kubernetes.io/aws-load-balancer-"
_OWNER_TAG: Final = "elbv2.k8s.aws/cluster"
"""The controller puts the cluster's name under it on everything that it makes."""

_LOOK: Final = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcs",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
_CHANGE: Final = (
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
)


def exposure(scope: Scope) -> EdgeExposure:
    """An internal load balancer in the subnets that are tagged for it, with the addresses of clients preserved."""
    inside = [str(addresses(scope.settings.network, zone).inside) for zone in scope.settings.zones]
    tags = ",".join(f"{key}={value}" for key, value in scope.plan.shared_tags.items())
    return EdgeExposure(
        host=scope.settings.host,
        load_balancer_class=LOAD_BALANCER_CLASS,
        probe_sources=inside,
        annotations={
            f"{_ANNOTATION}scheme": "internal",
            f"{_ANNOTATION}nlb-target-type": "ip",
            f"{_ANNOTATION}attributes": "load_balancing.cross_zone.enabled=true",
            f"{_ANNOTATION}target-group-attributes": "preserve_client_ip.enabled=true",
            f"{_ANNOTATION}additional-resource-tags": tags,
        },
    )


def controller_identity(scope: Scope, control_plane: eks.Cluster, vpc_arn: pulumi.Output[str]) -> PodIdentity:
    """Register what the load balancer controller may do: internal network load balancers of this cluster, no others."""
    settings = scope.settings
    balancing = f"arn:aws:elasticloadbalancing:{settings.region}:{settings.account_id}"
    balancers = [f"{balancing}:loadbalancer/net/*", f"{balancing}:targetgroup/*", f"{balancing}:listener/net/*"]
    groups = f"arn:aws:ec2:{settings.region}:{settings.account_id}:security-group/*"
    requested = {f"aws:RequestTag/{_OWNER_TAG}": settings.cluster_name}
    owned = {f"aws:ResourceTag/{_OWNER_TAG}": settings.cluster_name}
    linked = "aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    return pod_identity(
        scope,
        control_plane,
        "load-balancer-controller",
        CONTROLLER_NAMESPACE,
        CONTROLLER_ACCOUNT,
        [
            # These actions know no resources.
            policy.allow("Look", _LOOK, ["*"]),
            policy.allow(
                "CreateInternalOnly",
                ["elasticloadbalancing:CreateLoadBalancer"],
                [f"{balancing}:loadbalancer/net/*"],
                condition={"StringEquals": {**requested, "elasticloadbalancing:Scheme": "internal"}},
            ),
            policy.allow(
                "CreateTargets",
                ["elasticloadbalancing:CreateTargetGroup"],
                [f"{balancing}:targetgroup/*"],
                condition={"StringEquals": requested},
            ),
            policy.allow("ChangeOwn", _CHANGE, balancers, condition={"StringEquals": owned}),
            policy.allow("TagOwn", ["elasticloadbalancing:AddTags"], balancers, condition={"StringEquals": requested}),
            policy.allow("CreateGroups", ["ec2:CreateSecurityGroup"], [groups], condition={"StringEquals": requested}),
            policy.allow("CreateGroupsHere", ["ec2:CreateSecurityGroup"], [vpc_arn]),
            policy.allow(
                "TagNewGroups",
                ["ec2:CreateTags"],
                [groups],
                condition={"StringEquals": {**requested, "ec2:CreateAction": "CreateSecurityGroup"}},
            ),
            # Besides its own groups it opens the nodes' group for the load balancer's.
            policy.allow(
                "OpenGroupsHere",
                ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
                [groups],
                condition={"ArnEquals": {"ec2:Vpc": vpc_arn}},
            ),
            policy.allow("DeleteOwnGroups", ["ec2:DeleteSecurityGroup"], [groups], condition={"StringEquals": owned}),
            policy.allow(
                "FirstLoadBalancerOfTheAccount",
                ["iam:CreateServiceLinkedRole"],
                [f"arn:aws:iam::{settings.account_id}:role/{linked}"],
                condition={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
            ),
        ],
    )
