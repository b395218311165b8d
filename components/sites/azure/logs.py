"""Where audit logs go: one workspace in the site's region, that neither takes nor answers anything from outside.

Not metrics of models or GPUs: those stay in the cluster.
"""

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from components.sites.azure.network import BLOB_ZONE, MONITOR_ZONES, Network, private_endpoint
from components.sites.azure.provider import GLOBAL, Scope

EVERYTHING_AUDITED: Final = "audit"
"""Azure's name for the group of a service's audit categories."""


def workspace(scope: Scope, network: Network) -> operationalinsights.Workspace:
    """The workspace, and the private endpoint through which people query it."""
    made = operationalinsights.Workspace(
        scope.named("logs"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
        retention_in_days=scope.settings.log_retention_days,
        # Diagnostic settings write from inside Azure; neither switch is about them.
        public_network_access_for_ingestion=operationalinsights.PublicNetworkAccessType.DISABLED,
        public_network_access_for_query=operationalinsights.PublicNetworkAccessType.DISABLED,
        features=operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True, enable_data_export=False),
        opts=scope.child(protect=True),
    )
    inside = monitor.PrivateLinkScope(
        scope.named("logs-scope"),
        location=GLOBAL,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        access_mode_settings=monitor.AccessModeSettingsArgs(
            ingestion_access_mode=monitor.AccessMode.PRIVATE_ONLY, query_access_mode=monitor.AccessMode.PRIVATE_ONLY
        ),
        opts=scope.child(),
    )
    monitor.PrivateLinkScopedResource(
        scope.named("logs-in-scope"),
        scope_name=inside.name,
        resource_group_name=scope.group.name,
        linked_resource_id=made.id,
        opts=scope.child(),
    )
    private_endpoint(scope, network, "logs", inside.id, "azuremonitor", [*MONITOR_ZONES, BLOB_ZONE])
    return made


def record(
    scope: Scope,
    logs: operationalinsights.Workspace,
    purpose: str,
    of: pulumi.Input[str],
    categories: Sequence[str] = (),
) -> None:
    """Send the logs of the resource with the id `of` to the workspace: these categories, or everything audited."""
    wanted = [monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories]
    monitor.DiagnosticSetting(
        scope.named(f"{purpose}-logs"),
        resource_uri=of,
        workspace_id=logs.id,
        log_analytics_destination_type="Dedicated",
        logs=wanted or [monitor.DiagnosticsLogSettingsArgs(category_group=EVERYTHING_AUDITED, enabled=True)],
        opts=scope.child(),
    )
