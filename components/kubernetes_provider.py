"""The one way in which a site opens its cluster to Pulumi.

Not how one gets in: each site makes its own kubeconfig (`access.py` of its folder).
"""

import pulumi
import pulumi_kubernetes as kubernetes


def kubernetes_provider(
    name: str, kubeconfig: pulumi.Output[str], opts: pulumi.ResourceOptions, context: str | None = None
) -> kubernetes.Provider:
    """An explicit provider. The kubeconfig is a secret in the state, whatever is in it.

    ConfigMaps and Secrets change in place: their names are fixed, a replacement would take them away for a moment, and
    the pods that read them are rolled by a checksum.
    """
    secret: pulumi.Output[str] = pulumi.Output.secret(kubeconfig)
    return kubernetes.Provider(
        name,
        kubeconfig=secret,
        context=context,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        # What somebody changed by hand is put right by the next update instead of stopping it.
        enable_patch_force=True,
        opts=opts,
    )
