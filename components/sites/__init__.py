"""One folder per site; in each, one file per concern in the order in which things are built."""
