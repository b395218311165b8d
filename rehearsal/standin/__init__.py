"""Typed stand-ins for the cloud APIs behind the providers `aws`, `azure-native` and `gcp`.

Each serves the engine in place of the real provider: it knows every resource type of the installed SDK, refuses unknown
types, unknown, missing and misshapen properties by name, marks at preview exactly what a cloud would compute as unknown,
and computes it at `up`, the same every time. Made-up values are recognisable (`synthesis` has the table), and it serves
only stacks in a rehearsal's own `file://` backend.

It shows graph, names, order, policy and the shape of state. It does not show that a cloud accepts the values: quota,
permissions, names taken, combinations of properties, deletion protection. `rehearsal.plugins` installs it; the
`kubernetes` provider, which has a real API server to apply to, is `rehearsal.kubernetes_provider`.
"""
