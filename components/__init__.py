"""Pulumi components: site foundations, the shared platform, the workload and its edge.

A site's foundation differs per cloud and hands a `Foundation` up; everything above it is one code path given a
`kubernetes.Provider`. No configuration is read here and no file: the stack program decides and passes values down.
"""
