"""Keys: the organisation's, rotated, each for one store."""

from tests.components.sites.azure.conftest import Site

KEYS = {"azure-disks-key", "azure-weights-key", "azure-registry-key", "azure-secrets-key"}


def test_keys_are_in_hardware_rotated_and_never_expire(site: Site) -> None:
    keys = site.of_type("azure-native:keyvault:Key")
    assert {key.name for key in keys} == KEYS
    for key in keys:
        props = key.props["properties"]
        assert (props["kty"], props["keySize"], props["attributes"]["exportable"]) == ("RSA-HSM", 3072, False)
        (action,) = props["rotationPolicy"]["lifetimeActions"]
        assert (action["action"]["type"], action["trigger"]) == ("rotate", {"timeAfterCreate": "P1Y"})
        # An expired key would close for ever what it closed.
        assert "expires" not in props["attributes"]
        assert "attributes" not in props["rotationPolicy"]


def test_vaults_cannot_be_emptied(site: Site) -> None:
    vaults = site.of_type("azure-native:keyvault:Vault")
    assert {vault.props["vaultName"] for vault in vaults} == {"example-keys-east", "example-secrets-east"}
    for vault in vaults:
        props = vault.props["properties"]
        assert props["enablePurgeProtection"] is True
        assert props["enableRbacAuthorization"] is True
        assert props["softDeleteRetentionInDays"] == 90


def test_each_store_is_closed_with_its_own_key_and_follows_its_rotation(site: Site) -> None:
    disks = site.one("azure-native:compute:DiskEncryptionSet").props
    assert disks["activeKey"]["keyUrl"] == "https://vault/keys/azure-disks-key"
    assert disks["rotationToLatestKeyVersionEnabled"] is True
    account = site.one("azure-native:storage:StorageAccount").props["encryption"]
    assert account["keySource"] == "Microsoft.Keyvault"
    assert account["keyVaultProperties"] == {
        "keyName": "weights",
        "keyVaultUri": "https://example-keys-east.vault.azure.net/",
    }
    registry = site.one("azure-native:containerregistry:Registry").props["encryption"]
    assert registry["status"] == "enabled"
    assert registry["keyVaultProperties"] == {
        "identity": "client-of-azure-registry-key-user",
        "keyIdentifier": "https://vault/keys/azure-registry-key",
    }
    secrets = site.one("azure-native:containerservice:ManagedCluster").props["securityProfile"]["azureKeyVaultKms"]
    assert secrets == {
        "enabled": True,
        "keyId": "https://vault/keys/azure-secrets-key/1",
        "keyVaultNetworkAccess": "Private",
        "keyVaultResourceId": "/Vault/azure-secrets-vault",
    }


def test_a_store_waits_until_it_may_use_its_key(site: Site) -> None:
    for kind, name in {
        "azure-native:compute:DiskEncryptionSet": "azure-disks-key-use",
        "azure-native:storage:StorageAccount": "azure-weights-key-use",
        "azure-native:containerregistry:Registry": "azure-registry-key-use",
    }.items():
        assert name in site.needs(site.one(kind))


def test_node_disks_are_closed_with_the_organisations_key(site: Site) -> None:
    cluster = site.one("azure-native:containerservice:ManagedCluster").props
    assert site.names[cluster["diskEncryptionSetID"]] == "azure-disks"
    nodes = [*cluster["agentPoolProfiles"], *(e.props for e in site.of_type("azure-native:containerservice:AgentPool"))]
    assert {(each["osDiskType"], each["enableEncryptionAtHost"]) for each in nodes} == {("Managed", True)}
