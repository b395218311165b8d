"""The command line and the renderers of reports. No domain logic: each verb reads options, calls a room below, prints."""
