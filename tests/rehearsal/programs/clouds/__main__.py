"""A little of each cloud, each part leaning on what the cloud computes for another."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

on_aws = aws.Provider("aws", region="ap-northeast-1", default_tags={"tags": {"team": "ml"}})
amazon = pulumi.ResourceOptions(provider=on_aws)
key = aws.kms.Key("key", enable_key_rotation=True, opts=amazon)
aws.kms.Alias("key-name", target_key_id=key.key_id, opts=amazon)
caller = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=on_aws))
queue = aws.sqs.Queue(
    "jobs",
    kms_master_key_id=key.arn,
    policy=caller.account_id.apply(lambda account: json.dumps({"Principal": account})),
    tags={"data": "internal"},
    opts=amazon,
)

on_azure = azure.Provider("azure", location="japaneast")
microsoft = pulumi.ResourceOptions(provider=on_azure)
group = azure.resources.ResourceGroup("group", location="japaneast", opts=microsoft)
serve = azure.managedidentity.UserAssignedIdentity("serve", resource_group_name=group.name, opts=microsoft)
azure.managedidentity.FederatedIdentityCredential(
    "binding",
    resource_group_name=group.name,
    resource_name_=serve.name,
    issuer="https://issuer.example",
    subject="system:serviceaccount:llm:serve",
    audiences=["api://AzureADTokenExchange"],
    opts=microsoft,
)

on_google = gcp.Provider("google", project="models", region="asia-northeast1")
google = pulumi.ResourceOptions(provider=on_google)
account = gcp.serviceaccount.Account("serve", account_id="serve", opts=google)
ring = gcp.kms.KeyRing("ring", location="asia-northeast1", opts=google)
lock = gcp.kms.CryptoKey("lock", key_ring=ring.id, opts=google)
gcp.kms.CryptoKeyIAMMember(
    "user", crypto_key_id=lock.id, role="roles/cloudkms.cryptoKeyDecrypter", member=account.member, opts=google
)

pulumi.export("queue", queue.url)
pulumi.export("principal", serve.principal_id)
pulumi.export("account", account.email)
