"""The command line: parsing and printing only. One file a command; the engine does the work."""
