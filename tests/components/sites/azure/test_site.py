"""The site as a whole: what holds of every resource, whatever it is."""

import importlib
import inspect

import pytest

from core.errors import KokunaiError
from core.values import UNKNOWN, Secret
from tests.components.recording import Registered
from tests.components.sites.azure.conftest import (
    ADMINISTRATORS,
    LONGEST,
    SUBSCRIPTION,
    Site,
    azure_settings,
    declare,
    service,
)

HELD = {
    "azure-native:resources:ResourceGroup",
    "azure-native:keyvault:Vault",
    "azure-native:keyvault:Key",
    "azure-native:compute:DiskEncryptionSet",
    "azure-native:storage:StorageAccount",
    "azure-native:storage:BlobContainer",
    "azure-native:containerregistry:Registry",
    "azure-native:operationalinsights:Workspace",
    "azure-native:containerservice:ManagedCluster",
}
GLOBAL = {
    "azure-native:privatedns:PrivateZone",
    "azure-native:privatedns:VirtualNetworkLink",
    "azure-native:monitor:PrivateLinkScope",
}


def takes(resource: Registered, argument: str) -> bool:
    """Whether the SDK lets one say this of such a resource."""
    _, module, kind = resource.type.split(":")
    made = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), kind)
    return argument in inspect.signature(made._internal_init).parameters


def test_every_place_is_said_outright_and_in_japan(site: Site) -> None:
    for each in site.azure:
        if takes(each, "location"):
            expected = "global" if each.type in GLOBAL else "japaneast"
            assert each.props.get("location") == expected, each.urn
    assert site.one("pulumi:providers:azure-native").props["location"] == "japaneast"
    assert site.one("pulumi:providers:azure-native").props["subscriptionId"] == SUBSCRIPTION


def test_every_resource_says_its_group(site: Site) -> None:
    for each in site.azure:
        if takes(each, "resource_group_name") and each.name != "azure-group":
            assert each.props.get("resourceGroupName") == "azure-group", each.urn


def test_everything_that_can_carry_tags_does(site: Site) -> None:
    tagged = [each for each in site.azure if takes(each, "tags")]
    assert len(tagged) > 40
    owned = {"small": {"service": "small", "team": "sales"}, LONGEST: {"service": LONGEST, "team": "sales"}}
    for each in tagged:
        own = next((tags for name, tags in owned.items() if each.name.endswith(f"-{name}")), {"team": "platform"})
        assert each.props.get("tags") == own, each.urn
    (system,) = site.one("azure-native:containerservice:ManagedCluster").props["agentPoolProfiles"]
    assert system["tags"] == {"team": "platform"}


def test_what_holds_data_is_protected(site: Site) -> None:
    assert {each.type for each in site.azure if each.options.protect} == HELD
    assert not [each.urn for each in site.azure if each.type in HELD and not each.options.protect]


def test_one_component_holds_everything_and_one_provider_makes_it(site: Site) -> None:
    whole = site.one("kokunai:index:AzureSite")
    provider = site.one("pulumi:providers:azure-native")
    for each in site.azure:
        assert each.options.parent == whole.urn, each.urn
        assert each.options.provider.startswith(provider.urn), each.urn
    assert set(site.outputs[whole.urn]) == {"registry"}


def test_nothing_is_reachable_from_outside(site: Site) -> None:
    for vault in site.of_type("azure-native:keyvault:Vault"):
        rules = vault.props["properties"]
        assert (rules["publicNetworkAccess"], rules["networkAcls"]["defaultAction"]) == ("Disabled", "Deny")
    account = site.one("azure-native:storage:StorageAccount").props
    assert (account["publicNetworkAccess"], account["networkRuleSet"]["defaultAction"]) == ("Disabled", "Deny")
    assert account["allowBlobPublicAccess"] is False
    assert {each.props["publicAccess"] for each in site.of_type("azure-native:storage:BlobContainer")} == {"None"}
    registry = site.one("azure-native:containerregistry:Registry").props
    assert (registry["publicNetworkAccess"], registry["anonymousPullEnabled"]) == ("Disabled", False)
    logs = site.one("azure-native:operationalinsights:Workspace").props
    assert (logs["publicNetworkAccessForIngestion"], logs["publicNetworkAccessForQuery"]) == ("Disabled", "Disabled")
    cluster = site.one("azure-native:containerservice:ManagedCluster").props
    assert cluster["publicNetworkAccess"] == "Disabled"
    assert cluster["apiServerAccessProfile"]["enablePrivateCluster"] is True
    assert cluster["apiServerAccessProfile"]["enablePrivateClusterPublicFQDN"] is False
    assert cluster["networkProfile"]["outboundType"] == "userDefinedRouting"


def test_no_password_opens_anything(site: Site) -> None:
    account = site.one("azure-native:storage:StorageAccount").props
    assert (account["allowSharedKeyAccess"], account["isLocalUserEnabled"], account["isSftpEnabled"]) == (False,) * 3
    assert site.one("azure-native:containerregistry:Registry").props["adminUserEnabled"] is False
    assert site.one("azure-native:operationalinsights:Workspace").props["features"]["disableLocalAuth"] is True
    cluster = site.one("azure-native:containerservice:ManagedCluster").props
    assert cluster["disableLocalAccounts"] is True
    assert cluster["apiServerAccessProfile"]["disableRunCommand"] is True
    assert cluster["aadProfile"]["enableAzureRBAC"] is True
    assert cluster["aadProfile"]["adminGroupObjectIDs"] == [ADMINISTRATORS]
    nodes = [*cluster["agentPoolProfiles"], *(e.props for e in site.of_type("azure-native:containerservice:AgentPool"))]
    assert {each["securityProfile"]["sshAccess"] for each in nodes} == {"Disabled"}


def test_weights_come_back_after_a_mistake_and_leave_the_region_never(site: Site) -> None:
    account = site.one("azure-native:storage:StorageAccount").props
    assert account["sku"]["name"] == "Standard_ZRS"
    assert account["allowCrossTenantReplication"] is False
    assert account["minimumTlsVersion"] == "TLS1_2"
    blobs = site.one("azure-native:storage:BlobServiceProperties").props
    assert blobs["isVersioningEnabled"] is True
    assert blobs["deleteRetentionPolicy"] == blobs["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}


def test_every_store_and_the_cluster_is_audited_into_the_site(site: Site) -> None:
    recorded = {site.names[each.props["resourceUri"].removesuffix("/blobServices/default")]: each.props
                for each in site.of_type("azure-native:monitor:DiagnosticSetting")}  # fmt: skip
    assert set(recorded) == {
        "azure-keys-vault",
        "azure-secrets-vault",
        "azure-registry",
        "azure-weights",
        "azure-cluster",
    }
    for props in recorded.values():
        assert site.names[props["workspaceId"]] == "azure-logs"
        assert not set(props) & {"storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId"}
        assert all(each["enabled"] for each in props["logs"])
    assert "kube-audit-admin" in [each["category"] for each in recorded["azure-cluster"]["logs"]]


def test_a_region_without_zones_is_declared_without_any() -> None:
    west = declare(azure_settings(region="japanwest"), service("large", tier="XL"))
    (system,) = west.one("azure-native:containerservice:ManagedCluster").props["agentPoolProfiles"]
    assert "availabilityZones" not in system
    assert "availabilityZones" not in west.one("azure-native:containerservice:AgentPool").props
    assert west.one("azure-native:storage:StorageAccount").props["sku"]["name"] == "Standard_LRS"
    assert west.one("azure-native:containerregistry:Registry").props["zoneRedundancy"] == "Disabled"
    assert {each.props["location"] for each in west.azure if "location" in each.props} == {"japanwest", "global"}


def test_what_a_workload_must_know_early_is_known_at_the_first_preview() -> None:
    first = declare(azure_settings(), service("small"), preview=True)
    assert first.handed["registry"] == "examplekokunai.azurecr.io"
    assert first.handed["host"] == "llm.azure.example.co.jp"
    assert first.handed["region"] == "japaneast"
    mount = first.handed["weights"]["small"]["csi"]
    assert mount["volumeHandle"] == "exampleweightseast_llm-small"
    assert mount["volumeAttributes"]["clientID"] is UNKNOWN
    assert first.asked == [], "a preview of what does not exist must not ask Azure"
    places = {each.props["location"] for each in first.azure if takes(each, "location")}
    assert places == {"japaneast", "global"}


def test_a_reservation_for_a_service_that_is_not_here_is_refused_before_anything_is_made() -> None:
    group = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/gpu/providers/Microsoft.Compute/capacityReservationGroups/a10"
    )
    with pytest.raises(KokunaiError, match="capacity_reservations names other"):
        declare(azure_settings(capacity_reservations={"other": group}), service("small"))


def test_only_the_way_to_the_cluster_is_secret(site: Site) -> None:
    secret = [each.name for each in site.requests if any(isinstance(value, Secret) for value in each.props.values())]
    assert secret == ["azure-kubernetes"]
    credentials = ("password", "clientSecret", "clientCertificate", "accessKey", "sasToken")
    assert not [(each.urn, word) for each, text in site.walk() for word in credentials if word.lower() in text.lower()]
