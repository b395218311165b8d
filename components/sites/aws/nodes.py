"""What every node of the site has in common, system and GPU alike: its role, its disk, its metadata service.

Nodes hold no permission that a pod might borrow: network add-on, controllers and volumes have roles of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import ec2, iam

from components.sites.aws import policy
from components.sites.aws.keys import Keys
from components.sites.aws.provider import Scope

ROLE_POLICIES: Final = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""Join the cluster, ask for the identities of its pods, pull images."""
ROOT_DEVICE: Final = "/dev/xvda"
_TAGGED_WITH_THE_NODE: Final = ("instance", "volume", "network-interface")


@dataclass(frozen=True)
class NodeRole:
    """The role of all nodes; a node group depends on `attachments`."""

    arn: pulumi.Output[str]
    attachments: tuple[pulumi.Resource, ...]


def node_role(scope: Scope) -> NodeRole:
    """Register the role of the nodes."""
    role = iam.Role(scope.named("nodes"), assume_role_policy=policy.trust("ec2.amazonaws.com"), opts=scope.child())
    return NodeRole(
        arn=role.arn,
        attachments=tuple(
            iam.RolePolicyAttachment(
                scope.named(f"nodes-{name}"),
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{name}",
                opts=scope.child(),
            )
            for name in ROLE_POLICIES
        ),
    )


def launch_template(
    scope: Scope,
    purpose: str,
    keys: Keys,
    *,
    disk_gib: int,
    tags: Mapping[str, str],
    capacity_reservation_id: str | None = None,
) -> ec2.LaunchTemplate:
    """How a node starts. `tags` go on the machine itself too: a provider's default tags stop at the template."""
    return ec2.LaunchTemplate(
        scope.named(purpose),
        update_default_version=True,
        metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=1,
            instance_metadata_tags="disabled",
        ),
        block_device_mappings=[
            ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name=ROOT_DEVICE,
                ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    encrypted="true",
                    kms_key_id=keys.disks,
                    volume_type="gp3",
                    volume_size=disk_gib,
                    delete_on_termination="true",
                ),
            )
        ],
        capacity_reservation_specification=ec2.LaunchTemplateCapacityReservationSpecificationArgs(
            capacity_reservation_target=ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
                capacity_reservation_id=capacity_reservation_id
            )
        )
        if capacity_reservation_id
        else None,
        tag_specifications=[
            ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=dict(tags))
            for kind in _TAGGED_WITH_THE_NODE
        ],
        tags=dict(tags),
        opts=scope.child(),
    )
