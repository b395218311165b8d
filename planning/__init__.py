"""From a program or a plan file to one resource graph (`core.graph`), without an engine, a cloud or a credential.

`planning.recording` runs the project's program against a monitor that writes down what it registers; `planning.readers`
reads what the engine wrote: previews, state exports, event logs; `planning.project` reads `Pulumi.yaml` and stack files.
It judges nothing: rules are in `policies`, the report in `kokunai.check`.
"""
