"""The one Pulumi program and its typed settings. One stack per site.

Reads configuration and estate, decides, then hands plain values down to `components`. Nothing is computed in components
that is known here, and no resource is registered before everything that can be refused was refused.
"""
