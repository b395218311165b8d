"""Stands in for Pulumi's `kubernetes` provider: what a stack declares is applied to the rehearsed site's real API server.

It behaves as the official one does where a person would notice: names, replacements, waiting, drift, refusals in the
server's own words. It talks to rehearsed clusters only, whatever a kubeconfig says, and it runs no credential plug-ins: the
address says which cluster is meant, and the rehearsal's token is used.

What it does not do: render Helm charts (`helm`), read YAML or kustomize directories, patch other people's objects, invoke
functions. It says so by name instead of pretending. A cluster's own doings are `rehearsal.cluster`'s.
"""
