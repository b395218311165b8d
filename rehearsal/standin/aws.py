"""What the stand-in for `aws` knows beyond the SDK.

The account is the first of the provider's `allowedAccountIds`, else twelve zeros. As the real provider (7.x) does, Check
fills `region` from the provider's configuration and `tagsAll` from its default tags, so that policies see both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.standin.aws_functions import FUNCTIONS, account
from rehearsal.standin.checks import Problem
from rehearsal.standin.cloud import Cloud, Naming, Resource, Settings, fill, merged
from rehearsal.standin.clusters import api_server
from rehearsal.standin.schema import Kind, Schema
from rehearsal.standin.synthesis import DOMAIN, digest, host, text, uuid

#: An id of the usual form starts so: `vpc-0000000012ab34cd5`.
ZEROS = "00000000"
SITE = "aws"
CLUSTER = "aws:eks/cluster:Cluster"
ALIAS = "aws:kms/alias:Alias"
# Types whose names take lower case only; the real provider folds the names that it makes.
LOWER_CASE = frozenset(("aws:s3/bucket:Bucket", "aws:ecr/repository:Repository"))

# The input that carries the physical name where it is not `name`.
NAME_INPUTS = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:elasticache/cluster:Cluster": "clusterId",
}

# Ids that are not of the form that the documentation of `pulumi import` shows by example.
IDS = {
    "aws:acmpca/certificateAuthority:CertificateAuthority": "{arn}",
    "aws:amp/workspace:Workspace": "ws-{uuid}",
    "aws:budgets/budget:Budget": "{account}:{name}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc-{hex}",
    "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "{clusterName}#{principalArn}#{policyArn}",
    "aws:eks/addon:Addon": "{clusterName}:{addonName}",
    "aws:eks/nodeGroup:NodeGroup": "{clusterName}:{nodeGroupName}",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "a-{hex}",
    "aws:guardduty/detector:Detector": "{digest}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}-{hex}",
    "aws:route53/record:Record": "{zoneId}_{name}_{type}",
    "aws:route53/zone:Zone": "Z{HEX}",
    "aws:s3/bucketPolicy:BucketPolicy": "{bucket}",
    "aws:sqs/queue:Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
}

# The word for a service in an ARN where it is not the SDK's module, and ARNs that do not follow
# arn:aws:<service>:<region>:<account>:<kind>/<id>.
ARN_SERVICES = {
    "alb": "elasticloadbalancing",
    "amp": "aps",
    "ebs": "ec2",
    "ec2transitgateway": "ec2",
    "elb": "elasticloadbalancing",
    "lb": "elasticloadbalancing",
    "vpc": "ec2",
}
ARNS = {
    "aws:amp/workspace:Workspace": "arn:aws:aps:{region}:{account}:workspace/{id}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:eks/nodeGroup:NodeGroup": "arn:aws:eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/{uuid}",
    "aws:iam/instanceProfile:InstanceProfile": "arn:aws:iam::{account}:instance-profile/{name}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "arn:aws:iam::{account}:oidc-provider/{digest}",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy/{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:iam/user:User": "arn:aws:iam::{account}:user/{name}",
    "aws:kms/alias:Alias": "arn:aws:kms:{region}:{account}:{name}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:route53/zone:Zone": "arn:aws:route53:::hostedzone/{id}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{bucket}",
    "aws:secretsmanager/secret:Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{six}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
}

# The word for a kind in an ARN where it is not the SDK's class.
ARN_KINDS = {
    "DefaultNetworkAcl": "network-acl",
    "DefaultRouteTable": "route-table",
    "DefaultSecurityGroup": "security-group",
    "DefaultSubnet": "subnet",
    "DefaultVpc": "vpc",
    "FlowLog": "vpc-flow-log",
    "SecurityGroupEgressRule": "security-group-rule",
    "SecurityGroupIngressRule": "security-group-rule",
}

# Other outputs of a fixed form, by type and by path.
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "aws:amp/workspace:Workspace": {
        "prometheusEndpoint": "https://aps-workspaces.{region}.amazonaws.com/workspaces/{id}/"
    },
    "aws:ec2/vpcEndpointService:VpcEndpointService": {"serviceName": "com.amazonaws.vpce.{region}.{id}"},
    "aws:ecr/repository:Repository": {
        "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "registryId": "{account}",
    },
    CLUSTER: {
        "status": "ACTIVE",
        "vpcConfig.clusterSecurityGroupId": "sg-{hex}",
        "vpcConfig.vpcId": "vpc-{hex}",
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
        "associationId": "{id}",
        "associationArn": "arn:aws:eks:{region}:{account}:podidentityassociation/{clusterName}/{id}",
    },
    "aws:kms/key:Key": {"keyId": "{id}"},
    "aws:s3/bucket:Bucket": {
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegion": "{region}",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
    },
    "aws:route53/zone:Zone": {"zoneId": "{id}"},
    "aws:sqs/queue:Queue": {"url": "{id}"},
}

# Texts by the last words of a property's name: ids of other things that the cloud made along the way.
ID_PREFIXES = {
    "AllocationId": "eipalloc",
    "AssociationId": "assoc",
    "DhcpOptionsId": "dopt",
    "NetworkAclId": "acl",
    "NetworkInterfaceId": "eni",
    "PrefixListId": "pl",
    "RouteTableId": "rtb",
    "SecurityGroupId": "sg",
    "SubnetId": "subnet",
    "VpcId": "vpc",
}

_EXAMPLE_ID = re.compile(r"([a-z][a-z-]*)-[0-9a-f]{5,}")
_EXAMPLE_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12,}")


class Aws(Cloud):
    """Amazon Web Services."""

    package = "aws"
    generous = True
    replacing = frozenset(
        (
            "availabilityZone",
            "bucketPrefix",
            "cidrBlock",
            "clusterName",
            "namePrefix",
            "region",
            "vpcId",
        )
    )

    functions = FUNCTIONS

    def settings_problems(self, settings: Settings) -> list[Problem]:
        if settings.get("region"):
            return []
        return [Problem("region", "is required: the stand-in reads neither profiles nor the environment")]

    def name_input(self, schema: Schema) -> str:
        name = NAME_INPUTS.get(schema.token, "name")
        given = schema.inputs.get(name)
        return name if given is not None and given.shape.kind is Kind.STRING else ""

    def defaults(self, resource: Resource, previous: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
        inputs = resource.schema.inputs
        added: dict[str, Any] = {}
        region = inputs.get("region")
        if region is not None and region.shape.kind is Kind.STRING and resource.inputs.get("region") is None:
            added["region"] = resource.settings["region"]
        name = self.name_input(resource.schema)
        prefixes = (f"{name}Prefix", "namePrefix")
        if name and not inputs[name].required and not any(key in resource.inputs for key in (name, *prefixes)):
            made = naming.name(resource, previous, name, 7, "-")
            if made is not None:
                made = made.lower() if resource.token in LOWER_CASE else made
                added[name] = f"alias/{made.removeprefix('alias/')}" if resource.token == ALIAS else made
        return added

    def remarks(self, resource: Resource) -> dict[str, Any]:
        if "tags" not in resource.schema.inputs or "tagsAll" not in resource.schema.outputs:
            return {}
        default_tags = (resource.settings.get("defaultTags") or {}).get("tags")
        return {"tagsAll": merged(default_tags, resource.inputs.get("tags"))}

    def identity(self, resource: Resource) -> str:
        example = resource.schema.import_id
        template = IDS.get(resource.token)
        if template is None:
            if found := _EXAMPLE_ID.fullmatch(example):
                template = f"{found.group(1)}-{{hex}}"
            elif _EXAMPLE_UUID.fullmatch(example):
                template = "{uuid}"
            elif example.startswith("arn:") and "," not in example and "arn" in resource.schema.outputs:
                template = "{arn}"
            else:
                name = self.name_input(resource.schema) or "bucket"
                template = f"{{{name}}}" if resource.text(name) else "rehearsal-{digest}"
        return fill(template, self._words(resource, ""))

    def derived(self, resource: Resource) -> dict[str, Any]:
        tags = resource.inputs.get("tagsAll")
        return {} if tags is None else {"tagsAll": tags}

    def assigned(self, resource: Resource, identity: str) -> dict[str, Any]:
        words = self._words(resource, identity)
        values: dict[str, Any] = {
            "accountId": words("account"),
            "arn": words("arn"),
            "availabilityZone": fill("{region}a", words),
            "ownerId": words("account"),
            "region": words("region"),
        }
        values.update({path: fill(form, words) for path, form in OUTPUTS.get(resource.token, {}).items()})
        if resource.token == CLUSTER:
            server = api_server(SITE, identity)
            values["endpoint"] = server.server
            values["certificateAuthority"] = {"data": server.certificate_authority_data}
            issuer = fill(f"https://oidc.eks.{{region}}.{DOMAIN}/id/{{HEX}}", words)
            values["identities"] = [{"oidcs": [{"issuer": issuer}]}]
        return values

    def makers(self, resource: Resource, identity: str) -> Mapping[str, Callable[[str], Any]]:
        words = self._words(resource, identity)

        def made(prefix: str) -> Callable[[str], str]:
            return lambda path: f"{prefix}-{_hex(identity, path)}"

        makers: dict[str, Callable[[str], Any]] = {
            "availabilityZone": lambda _: fill("{region}a", words),
            "policy": lambda _: json.dumps({"Version": "2012-10-17", "Statement": []}),
            "dnsName": lambda path: host(identity, path),
        }
        for output in resource.schema.outputs:
            for ending, prefix in ID_PREFIXES.items():
                if output.lower().endswith(ending.lower()):
                    makers[output] = made(prefix)
        return makers

    def moving(self, resource: Resource) -> tuple[str, ...]:
        return ("endpoint", "certificateAuthority.data") if resource.token == CLUSTER else ()

    def _words(self, resource: Resource, identity: str) -> Callable[[str], str]:
        """The words that templates may use; any other one is an input."""
        # After its creation a resource may be renamed in the program; what the cloud gave it stays.
        seed = identity or resource.urn

        words: Mapping[str, Callable[[], str]] = {
            "account": lambda: account(resource.settings),
            "arn": lambda: resource.text("arn") or self._arn(resource, identity),
            "digest": lambda: ZEROS + digest(seed)[:24],
            "hex": lambda: _hex(seed),
            "HEX": lambda: ZEROS + digest(seed)[:12].upper(),
            "id": lambda: identity,
            "region": lambda: resource.text("region") or str(resource.settings["region"]),
            "six": lambda: digest(seed)[:6],
            "uuid": lambda: uuid(seed),
        }
        own = self.name_input(resource.schema)
        return lambda name: words[name]() if name in words else resource.text(name, own) or text(seed, name)

    def _arn(self, resource: Resource, identity: str) -> str:
        if identity.startswith("arn:"):
            return identity
        _, place, kind = resource.token.split(":")
        module = place.partition("/")[0]
        kebab = ARN_KINDS.get(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
        usual = f"arn:aws:{ARN_SERVICES.get(module, module)}:{{region}}:{{account}}:{kebab}/"
        # Where the id will be the ARN itself, a name has to do.
        last = "{id}" if identity else "{name}"
        return fill(ARNS.get(resource.token, usual + last), self._words(resource, identity))


def _hex(*parts: str) -> str:
    """Seventeen hexadecimal digits, as in `vpc-…`."""
    return ZEROS + digest(*parts)[:9]
