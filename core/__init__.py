"""The words of kokunai as types: what a service, a tag, a resource, a finding and a descriptor are.

Pure: no Pulumi, no cloud SDK, no network; the only effects are the loaders that read estate files. It knows `catalog`
and nothing else of the project. The rooms above meet in these types only.
"""
