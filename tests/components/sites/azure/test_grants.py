"""Who may do what: every grant there is, by name. A new one must be added here, and be argued for."""

from components.sites.azure.grants import Role
from tests.components.sites.azure.conftest import LONGEST, SUBSCRIPTION, Site, azure_settings, declare, service


def granted(site: Site) -> set[tuple[str, Role, str]]:
    """Identity, role, and the resource it is granted on."""
    principals = {f"principal-of-{each.name}": each.name for each in site.of_type(
        "azure-native:managedidentity:UserAssignedIdentity")}  # fmt: skip
    found = set()
    for each in site.of_type("azure-native:authorization:RoleAssignment"):
        assert each.props["principalType"] == "ServicePrincipal"
        prefix, _, role = each.props["roleDefinitionId"].rpartition("/")
        assert prefix == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
        found.add(
            (
                principals[each.props["principalId"]],
                Role(role),
                site.names.get(each.props["scope"], each.props["scope"]),
            )
        )
    return found


def test_every_grant_is_on_one_resource(site: Site) -> None:
    per_service = set()
    for name in ("small", LONGEST):
        per_service |= {
            (f"azure-serve-{name}", Role.BLOB_READER, f"azure-weights-{name}"),
            (f"azure-sync-{name}", Role.BLOB_CONTRIBUTOR, f"azure-weights-{name}"),
        }
    assert granted(site) == per_service | {
        ("azure-disks-key-user", Role.KEY_ENCRYPTION_USER, "azure-disks-key"),
        ("azure-weights-key-user", Role.KEY_ENCRYPTION_USER, "azure-weights-key"),
        ("azure-registry-key-user", Role.KEY_ENCRYPTION_USER, "azure-registry-key"),
        ("azure-cluster-kubelet", Role.ACR_PULL, "azure-registry"),
        ("azure-cluster-control", Role.NETWORK_CONTRIBUTOR, "azure-network"),
        ("azure-cluster-control", Role.DNS_ZONE_CONTRIBUTOR, "azure-zone-cluster"),
        ("azure-cluster-control", Role.IDENTITY_OPERATOR, "azure-cluster-kubelet"),
        ("azure-cluster-control", Role.READER, "azure-disks"),
        ("azure-cluster-control", Role.KEY_CRYPTO_USER, "azure-secrets-vault"),
        ("azure-cluster-control", Role.VAULT_CONTRIBUTOR, "azure-secrets-vault"),
    }


def test_the_cluster_may_not_touch_the_keys_of_the_stores(site: Site) -> None:
    assert not [each for each in granted(site) if each[0].startswith("azure-cluster") and each[2] == "azure-keys-vault"]
    secrets = next(each for each in site.of_type("azure-native:keyvault:Key") if each.name == "azure-secrets-key")
    assert secrets.props["vaultName"] == "azure-secrets-vault"


def test_a_reservation_may_be_used_by_the_cluster_that_names_it() -> None:
    group = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/gpu/providers/Microsoft.Compute/capacityReservationGroups/a10"
    )
    site = declare(azure_settings(capacity_reservations={"small": group}), service("small"), service("other"))
    assert ("azure-cluster-control", Role.CONTRIBUTOR, group) in granted(site)
    pools = {each.name: each.props for each in site.of_type("azure-native:containerservice:AgentPool")}
    assert pools["azure-gpu-small"]["capacityReservationGroupID"] == group
    assert "capacityReservationGroupID" not in pools["azure-gpu-other"]


def test_each_identity_belongs_to_one_service_account_of_one_service(site: Site) -> None:
    bound = {
        each.props["resourceName"]: (each.props["subject"], each.props["issuer"], each.props["audiences"])
        for each in site.of_type("azure-native:managedidentity:FederatedIdentityCredential")
    }
    expected = {
        f"azure-{account}-{name}": (
            f"system:serviceaccount:llm-{name}:{account}", "https://issuer/", ["api://AzureADTokenExchange"]
        )
        for name in ("small", LONGEST)
        for account in ("serve", "sync")
    }  # fmt: skip
    assert bound == expected


def test_a_pod_mounts_with_the_identity_that_reads(site: Site) -> None:
    mount = site.handed["weights"]["small"]["csi"]
    assert mount["driver"] == "blob.csi.azure.com"
    assert mount["readOnly"] is True
    assert mount["volumeAttributes"]["clientID"] == "client-of-azure-serve-small"
    assert mount["volumeAttributes"]["mountWithWorkloadIdentityToken"] == "true"
    assert mount["volumeAttributes"]["containerName"] == "llm-small"
    assert not [key for key in mount if "secret" in key.lower()]
    assert site.handed["serving"]["small"] == {"azure.workload.identity/client-id": "client-of-azure-serve-small"}
    assert site.handed["syncing"]["small"] == {"azure.workload.identity/client-id": "client-of-azure-sync-small"}
