"""Dated, sourced facts: regions, accelerators, models, images. Data files here, typed by `catalog.load`.

Not for what an organisation declares (that is `estate/`) and not for judgement (that is `core` and `policies`). Every
entry carries the date on which the fact was read and where; what could not be obtained is `unknown` with the way to
obtain it. Knows nothing else of the project.
"""
