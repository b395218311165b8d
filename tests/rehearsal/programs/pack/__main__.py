"""Says what a pack may know: the region of a resource, and the stack's name, project and configuration."""

import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def say(args, report_violation):
    if args.resource_type == "aws:sqs/queue:Queue":
        marker = pulumi.Config("clouds").get("marker")
        report_violation(f"{args.props.get('region')} in {pulumi.get_project()}/{pulumi.get_stack()}, marker {marker}")


PolicyPack(
    "witness",
    [ResourceValidationPolicy("say", "Says what it sees.", say, enforcement_level=EnforcementLevel.ADVISORY)],
)
