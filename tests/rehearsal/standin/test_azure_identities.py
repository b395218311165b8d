"""Azure takes a resource's identities as a list of ids and gives them back as a map: the SDK refuses anything else."""

import pytest

from rehearsal.standin import model
from rehearsal.standin.azure import Azure
from rehearsal.standin.cloud import Resource
from rehearsal.standin.sdk_schema import Sdk
from rehearsal.standin.wire import UNKNOWN

USER = "/subscriptions/a/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/c"


@pytest.fixture(scope="module")
def sdk() -> Sdk:
    return Sdk("azure-native")


def disks(sdk: Sdk, user: str) -> Resource:
    schema = sdk.schema("azure-native:compute:DiskEncryptionSet")
    assert schema is not None
    given = {
        "diskEncryptionSetName": "disks",
        "location": "japaneast",
        "resourceGroupName": "b",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [user]},
    }
    return Resource("urn:pulumi:azure::kokunai::azure-native:compute:DiskEncryptionSet::disks", schema, given, {})


def test_identities_come_back_as_a_map_with_whose_they_are(sdk: Sdk) -> None:
    _, outputs = model.created(Azure(), disks(sdk, USER))
    (found,) = outputs["identity"]["userAssignedIdentities"].items()
    assert found[0] == USER
    assert set(found[1]) == {"clientId", "principalId"}


def test_identities_that_are_not_known_yet_are_not_known(sdk: Sdk) -> None:
    outputs = model.previewed(Azure(), disks(sdk, UNKNOWN))
    assert outputs["identity"]["userAssignedIdentities"] == UNKNOWN
