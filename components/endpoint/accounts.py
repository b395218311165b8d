"""The two service accounts of a service: one reads weights, one writes them. Neither gets a token of the cluster.

Identities of the cloud are bound to these names by the site's foundation.
"""

import pulumi
from pulumi_kubernetes import core, meta

from components import labels
from components.foundation import Foundation, Identity
from components.plan import Sized
from core import naming


def accounts(name: str, sized: Sized, foundation: Foundation, opts: pulumi.ResourceOptions) -> core.v1.ServiceAccount:
    """Both accounts; the returned one is that of the model server."""
    service = sized.service.name
    serving = _account(name, naming.SERVING_ACCOUNT, sized, foundation.serving[service], opts)
    _account(name, naming.SYNC_ACCOUNT, sized, foundation.syncing.get(service, Identity()), opts)
    return serving


def _account(
    name: str, account: str, sized: Sized, identity: Identity, opts: pulumi.ResourceOptions
) -> core.v1.ServiceAccount:
    return core.v1.ServiceAccount(
        f"{name}-{account}",
        metadata=meta.v1.ObjectMetaArgs(
            name=account,
            namespace=naming.namespace(sized.service.name),
            labels=labels.labels("account", sized.tags, sized.service),
            annotations=dict(identity.annotations) or None,
        ),
        automount_service_account_token=False,
        opts=opts,
    )
