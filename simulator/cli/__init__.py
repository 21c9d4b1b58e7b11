"""The command line: one file per command, each imported only when it is called.

A command parses, calls the library and prints; it decides nothing.
"""
