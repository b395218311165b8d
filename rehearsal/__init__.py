"""Everything on one machine: stand-ins for what only a cloud can give, and for nothing else.

The Pulumi engine, the provider SDKs as schema, the Kubernetes API servers and HAProxy are real. The cloud APIs behind
`aws`, `azure-native` and `gcp`, the kubelets, the GPUs and the model behind the server's API are stand-ins. It shows
graph, names, order, policy, state, admission, scheduling and switch; it does not show that a cloud accepts the values.
"""
