"""AWS: a private EKS cluster with what it needs, in one region in Japan.

Gives `foundation` and `AwsSettings` to the stack program. What runs inside the cluster is not here: the workload, the
edge and the operators take a `Foundation` and are the same on every site.
"""

from components.foundation import Foundation
from components.plan import SitePlan
from components.sites.aws.settings import AwsSettings
from components.sites.aws.site import AwsSite

__all__ = ["AwsSettings", "foundation"]


def foundation(plan: SitePlan, settings: AwsSettings) -> Foundation:
    """Register the site for the services of `plan`.

    Raises:
        InputError: with each capacity reservation that no service here can use; nothing is registered then.
    """
    return AwsSite(plan.site, plan, settings).foundation
