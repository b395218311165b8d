"""Who may do what: documents are parsed, and reading, writing and administering stay apart."""

from fnmatch import fnmatchcase

from tests.components.sites.aws.declared import LONGEST_NAME, Site, document, made_from

BUCKET = "arn:aws:s3:::acme-kokunai-weights-111122223333-ap-northeast-1"
LARGE = "llama-3.1-swallow-70b-instruct-v0.3"
SMALL = "sarashina2.2-3b-instruct"


def allowed(site: Site, role: str, action: str, resource: str) -> bool:
    """Whether the role's own policy allows it, conditions aside."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, each) for each in statement["Action"])
        and any(fnmatchcase(resource, each) for each in statement["Resource"])
        for statement in document(site.one("aws:iam/rolePolicy:RolePolicy", role))
    )


def test_the_serving_identity_reads_its_own_model_and_writes_nothing(site: Site) -> None:
    assert allowed(site, "aws-serve-drafting", "s3:GetObject", f"{BUCKET}/{LARGE}/rev/model.safetensors")
    assert not allowed(site, "aws-serve-drafting", "s3:GetObject", f"{BUCKET}/{SMALL}/rev/model.safetensors")
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "kms:GenerateDataKey", "kms:Encrypt"):
        assert not allowed(site, "aws-serve-drafting", action, f"{BUCKET}/{LARGE}/rev/model.safetensors"), action


def test_the_synchronising_identity_writes_its_own_model_and_deletes_nothing(site: Site) -> None:
    assert allowed(site, "aws-sync-drafting", "s3:PutObject", f"{BUCKET}/{LARGE}/rev/model.safetensors")
    assert not allowed(site, "aws-sync-drafting", "s3:PutObject", f"{BUCKET}/{SMALL}/rev/model.safetensors")
    assert not allowed(site, "aws-sync-drafting", "s3:DeleteObject", f"{BUCKET}/{LARGE}/rev/model.safetensors")


def test_each_identity_is_bound_to_one_account_in_one_namespace_of_this_cluster(site: Site) -> None:
    bound = {
        each.name: (each.props["namespace"], each.props["serviceAccount"])
        for each in site.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    }
    assert bound["aws-serve-drafting"] == ("llm-drafting", "serve")
    assert bound["aws-sync-drafting"] == ("llm-drafting", "sync")
    assert bound[f"aws-serve-{LONGEST_NAME}"] == (f"llm-{LONGEST_NAME}", "serve")
    assert len(set(bound.values())) == len(bound)
    for name, (namespace, account) in bound.items():
        (trust,) = document(site.one("aws:iam/role:Role", name), "assumeRolePolicy")
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:ap-northeast-1:111122223333:cluster/acme-kokunai",
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": account,
        }


def test_no_identity_policy_allows_everything(site: Site) -> None:
    for each in site.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in document(each):
            assert not [action for action in statement["Action"] if action.endswith("*")], each.urn
            if statement["Resource"] == ["*"]:
                assert all(action.split(":")[1].startswith(("Describe", "Get")) for action in statement["Action"])


def test_nobody_holds_a_static_credential(site: Site) -> None:
    assert not [each for each in site.resources if each.type.startswith(("aws:iam/accessKey", "aws:iam/user"))]


def test_nodes_hold_no_permission_that_a_pod_might_borrow(site: Site) -> None:
    attached = {
        each.props["policyArn"].rpartition("/")[2]
        for each in site.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if each.name.startswith("aws-nodes")
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
    assert not [each for each in site.of_type("aws:iam/rolePolicy:RolePolicy") if "nodes" in each.name]


def test_only_the_declared_roles_administer_the_cluster(site: Site) -> None:
    cluster = site.one("aws:eks/cluster:Cluster").props
    assert cluster["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    (entry,) = site.of_type("aws:eks/accessEntry:AccessEntry")
    assert entry.props["principalArn"] == "arn:aws:iam::111122223333:role/platform/deploy"


def test_the_bucket_is_written_by_sync_only_over_tls_from_inside_only(site: Site) -> None:
    by_sid = {each["Sid"]: each for each in document(site.one("aws:s3/bucketPolicy:BucketPolicy"))}
    assert {each["Effect"] for each in by_sid.values()} == {"Deny"}
    assert by_sid["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert by_sid["FromInsideOnly"]["Condition"] == {"StringNotEquals": {"aws:SourceVpce": "aws-endpoint-s3-id"}}
    assert "s3:PutObject" in by_sid["WrittenBySyncOnly"]["Action"]
    assert set(by_sid["WrittenBySyncOnly"]["Condition"]["ArnNotEquals"]) == {"aws:PrincipalArn"}
    assert made_from(site.one("aws:s3/bucketPolicy:BucketPolicy"), "policy") == {
        "aws-endpoint-s3",
        f"aws-sync-{LONGEST_NAME}",
        "aws-sync-drafting",
    }


def test_the_bucket_is_encrypted_versioned_and_closed_to_the_public(site: Site) -> None:
    rule = site.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration").props[
        "rules"
    ][0]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith(":aws-key-weights")
    versioning = site.one("aws:s3/bucketVersioning:BucketVersioning").props["versioningConfiguration"]
    assert versioning == {"status": "Enabled"}
    block = site.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").props
    assert all(value is True for key, value in block.items() if key != "bucket")
    assert len(block) == 5


def test_keys_rotate_and_stay_in_one_region(site: Site) -> None:
    keys = site.of_type("aws:kms/key:Key")
    assert {each.name for each in keys} == {
        f"aws-key-{use}" for use in ("secrets", "disks", "weights", "registry", "logs")
    }
    for key in keys:
        assert key.props["enableKeyRotation"] is True
        assert key.props["multiRegion"] is False
        actions = {action for statement in document(key) for action in statement["Action"]}
        assert not actions & {"*", "kms:*", "kms:ReplicateKey"}


def test_a_key_that_names_everybody_means_one_role(site: Site) -> None:
    for key in site.of_type("aws:kms/key:Key"):
        for statement in document(key):
            if statement["Principal"] == {"AWS": "*"}:
                assert statement["Condition"]["StringEquals"] == {"kms:CallerAccount": "111122223333"}
                (role,) = statement["Condition"]["ArnEquals"].values()
                assert role.endswith(":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")


def test_the_load_balancer_controller_makes_internal_load_balancers_only(site: Site) -> None:
    creating = [
        each
        for each in document(site.one("aws:iam/rolePolicy:RolePolicy", "aws-load-balancer-controller"))
        if "elasticloadbalancing:CreateLoadBalancer" in each["Action"]
    ]
    (statement,) = creating
    assert statement["Condition"]["StringEquals"]["elasticloadbalancing:Scheme"] == "internal"
