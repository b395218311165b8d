"""Descriptors, and what moves traffic by them: publishing and signing what an endpoint says about itself.

Knows endpoints by their URLs and descriptors only: no cloud, no Pulumi, no state of another stack. Switch, watcher and
drill build on it.
"""
