"""The site's network: private subnets in the chosen zones, no gateway to the internet, endpoints to the AWS services in use.

How clients and runners get in (Direct Connect, VPN, transit gateway) belongs to the organisation's network, not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_aws import ec2, iam, vpc

from components.sites.aws import policy
from components.sites.aws.keys import Keys
from components.sites.aws.logs import flow_log_group
from components.sites.aws.provider import Scope

INTERNAL_LOAD_BALANCER_TAG: Final = "kubernetes.io/role/internal-elb"

INTERFACES: Final[Mapping[str, bool]] = {
    "ec2": True,
    "ecr.api": True,
    "ecr.dkr": True,
    "eks": True,
    "eks-auth": False,
    "elasticloadbalancing": True,
    "sts": True,
}
"""AWS services that nodes, add-ons and the load balancer controller call, and whether a policy is put on the endpoint.
`eks-auth` is called by the Pod Identity agent alone; whether its endpoint takes a policy is not documented."""


@dataclass(frozen=True)
class ZoneAddresses:
    """Address ranges in one zone: for nodes with their pods, and for what the cluster is reached through."""

    nodes: IPv4Network
    inside: IPv4Network


@dataclass(frozen=True)
class Network:
    """Ids of what the cluster is placed into. Subnets are by zone id."""

    vpc_id: pulumi.Output[str]
    vpc_arn: pulumi.Output[str]
    nodes: Mapping[str, pulumi.Output[str]]
    inside: Mapping[str, pulumi.Output[str]]
    api_security_group_id: pulumi.Output[str]
    s3_endpoint_id: pulumi.Output[str]
    endpoints: Sequence[pulumi.Resource]
    """A node cannot join before these exist."""


def addresses(network: IPv4Network, zone: str) -> ZoneAddresses:
    """The ranges of a zone in a /16: one /19 a zone, by the number in its id, so that a new zone moves no other."""
    block = list(network.subnets(new_prefix=19))[int(zone.rpartition("-az")[2]) - 1]
    nodes, rest = block.subnets(prefixlen_diff=1)
    return ZoneAddresses(nodes=nodes, inside=next(rest.subnets(new_prefix=24)))


def network(scope: Scope, keys: Keys) -> Network:
    """Register the network. There is no internet gateway and no NAT: what is not an endpoint cannot be reached."""
    settings = scope.settings
    site = ec2.Vpc(
        scope.named("network"),
        cidr_block=str(settings.network),
        enable_dns_hostnames=True,
        enable_dns_support=True,
        tags={"Name": settings.cluster_name},
        opts=scope.child(),
    )
    ec2.DefaultSecurityGroup(scope.named("default-closed"), vpc_id=site.id, ingress=[], egress=[], opts=scope.child())
    _flow_log(scope, site.id, keys)

    routes = ec2.RouteTable(
        scope.named("routes"), vpc_id=site.id, tags={"Name": settings.cluster_name}, opts=scope.child()
    )
    nodes: dict[str, pulumi.Output[str]] = {}
    inside: dict[str, pulumi.Output[str]] = {}
    for zone in settings.zones:
        ranges = addresses(settings.network, zone)
        nodes[zone] = _subnet(scope, "nodes", zone, ranges.nodes, site.id, routes.id)
        inside[zone] = _subnet(
            scope, "inside", zone, ranges.inside, site.id, routes.id, {INTERNAL_LOAD_BALANCER_TAG: "1"}
        )

    s3 = ec2.VpcEndpoint(
        scope.named("endpoint-s3"),
        vpc_id=site.id,
        service_name=f"com.amazonaws.{settings.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[routes.id],
        policy=policy.document(
            policy.allow(
                "WeightsOfThisAccount",
                [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:ListBucket",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                [f"arn:aws:s3:::{settings.bucket_name}", f"arn:aws:s3:::{settings.bucket_name}/*"],
                principal="*",
                condition={"StringEquals": {"aws:PrincipalAccount": settings.account_id}},
            ),
            # Image layers are fetched from ECR's own bucket with signed addresses, not as a principal of the account.
            policy.allow(
                "ImageLayers",
                ["s3:GetObject"],
                [f"arn:aws:s3:::prod-{settings.region}-starport-layer-bucket/*"],
                principal="*",
                condition={"Bool": {"aws:SecureTransport": "true"}},
            ),
        ),
        opts=scope.child(),
    )
    return Network(
        vpc_id=site.id,
        vpc_arn=site.arn,
        nodes=nodes,
        inside=inside,
        api_security_group_id=_api_group(scope, site.id),
        s3_endpoint_id=s3.id,
        endpoints=[s3, *_interfaces(scope, site.id, list(inside.values()))],
    )


def _subnet(
    scope: Scope,
    purpose: str,
    zone: str,
    addresses: IPv4Network,
    vpc_id: pulumi.Output[str],
    route_table_id: pulumi.Output[str],
    tags: Mapping[str, str] | None = None,
) -> pulumi.Output[str]:
    name = scope.named(f"{purpose}-{zone}")
    subnet = ec2.Subnet(
        name,
        vpc_id=vpc_id,
        availability_zone_id=zone,
        cidr_block=str(addresses),
        map_public_ip_on_launch=False,
        tags={"Name": f"{scope.settings.cluster_name}-{purpose}-{zone}", **(tags or {})},
        opts=scope.child(),
    )
    ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=route_table_id, opts=scope.child())
    return subnet.id


def _interfaces(
    scope: Scope, vpc_id: pulumi.Output[str], subnet_ids: list[pulumi.Output[str]]
) -> list[ec2.VpcEndpoint]:
    settings = scope.settings
    group = ec2.SecurityGroup(
        scope.named("endpoints"),
        vpc_id=vpc_id,
        description="AWS service endpoints, from the network of the site",
        opts=scope.child(),
    )
    vpc.SecurityGroupIngressRule(
        scope.named("endpoints-https"),
        security_group_id=group.id,
        cidr_ipv4=str(settings.network),
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        opts=scope.child(),
    )
    return [
        ec2.VpcEndpoint(
            scope.named(f"endpoint-{service.replace('.', '-')}"),
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{settings.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=subnet_ids,
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=_only_this_account(service, settings.account_id) if takes_policy else None,
            opts=scope.child(),
        )
        for service, takes_policy in INTERFACES.items()
    ]


def _only_this_account(service: str, account_id: str) -> pulumi.Output[str]:
    """Nobody else's credentials may carry data out through an endpoint."""
    return policy.document(
        policy.allow(
            "ThisAccount",
            [f"{service.partition('.')[0]}:*"],
            ["*"],
            principal="*",
            condition={"StringEquals": {"aws:PrincipalAccount": account_id}},
        )
    )


def _api_group(scope: Scope, vpc_id: pulumi.Output[str]) -> pulumi.Output[str]:
    group = ec2.SecurityGroup(
        scope.named("api"),
        vpc_id=vpc_id,
        description="Kubernetes API, from the networks of the runners",
        opts=scope.child(),
    )
    for runners in scope.settings.runner_networks:
        vpc.SecurityGroupIngressRule(
            scope.named(f"api-from-{str(runners).replace('/', '-')}"),
            security_group_id=group.id,
            cidr_ipv4=str(runners),
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=scope.child(),
        )
    return group.id


def _flow_log(scope: Scope, vpc_id: pulumi.Output[str], keys: Keys) -> None:
    group = flow_log_group(scope, keys.logs)
    role = iam.Role(
        scope.named("flow-log"),
        assume_role_policy=policy.trust(
            "vpc-flow-logs.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": scope.settings.account_id}}
        ),
        opts=scope.child(),
    )
    writes = iam.RolePolicy(
        scope.named("flow-log"),
        role=role.name,
        policy=policy.document(
            policy.allow(
                "WriteFlows",
                ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                [group.arn, pulumi.Output.concat(group.arn, ":*")],
            )
        ),
        opts=scope.child(),
    )
    ec2.FlowLog(
        scope.named("flow-log"),
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        opts=scope.child(depends_on=[writes]),
    )
