"""The real engine, the language host and the stand-ins together, from nothing to nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsal.rehearsal_engine import PROGRAMS, Stack


@pytest.mark.slow
def test_a_stack_on_three_clouds_comes_up_stays_as_it_is_and_goes(stack: Callable[[Path], Stack]) -> None:
    clouds = stack(PROGRAMS / "clouds")
    clouds.pulumi("config", "set", "clouds:marker", "here")

    up = clouds.pulumi("up", "--yes", "--policy-pack", str(PROGRAMS / "pack"))
    assert "queue    : [unknown]" in up  # at preview
    assert "+ 14 created" in up
    assert "witness@v1.2.3" in up
    assert "ap-northeast-1 in clouds/test, marker here" in up

    resources = clouds.resources()
    queue, key = resources["aws:sqs/queue:Queue"], resources["aws:kms/key:Key"]
    assert queue["inputs"]["region"] == "ap-northeast-1"
    assert queue["inputs"]["tagsAll"] == {"team": "ml", "data": "internal"}
    assert queue["inputs"]["policy"] == '{"Principal": "000000000000"}'
    assert queue["inputs"]["kmsMasterKeyId"] == f"arn:aws:kms:ap-northeast-1:000000000000:key/{key['id']}"
    user = resources["gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"]["inputs"]
    assert user["cryptoKeyId"] == resources["gcp:kms/cryptoKey:CryptoKey"]["id"]
    assert user["member"] == "serviceAccount:serve@models.iam.gserviceaccount.com"
    binding = resources["azure-native:managedidentity:FederatedIdentityCredential"]["id"]
    assert binding.startswith(f"{resources['azure-native:managedidentity:UserAssignedIdentity']['id']}/federated")

    clouds.pulumi("preview", "--expect-no-changes")
    gone = clouds.pulumi("destroy", "--refresh", "--yes", "--skip-preview")
    assert "- 14 deleted" in gone
    assert "updated" not in gone
    assert clouds.resources() == {}
    assert clouds.processes() == []


def test_what_a_stand_in_refuses_reaches_the_user_and_creates_nothing(stack_of: Callable[[str], Stack]) -> None:
    written = stack_of(
        "import pulumi, pulumi_aws as aws\n"
        "aws.sqs.Queue('jobs', opts=pulumi.ResourceOptions(provider=aws.Provider('aws', region='ap-northeast-1')),"
        " delay_seconds='soon')\n"
    )
    told = written.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "aws:sqs/queue:Queue resource 'jobs' has a problem" in told
    assert "delaySeconds must be a whole number, not a string" in told
    assert "soon" not in told
    assert "aws:sqs/queue:Queue" not in written.resources()
