"""The rules, the evaluator that runs them anywhere, and the CrossGuard pack.

A rule is a pure function over a resource view (`policies.rule`); `policies.rules.ALL` is the library, one rule a file, with
its tables beside it as data. `policies.evaluate` runs rules over a graph and can not fail. `policies.pack` serves the same
rules to the Pulumi engine; it is the only module here that knows the engine's protocol.

Not here: reading plans and programs into graphs (`planning`), the words of a finding (`core.findings`), place names
(`catalog/regions.toml`), waivers.
"""
