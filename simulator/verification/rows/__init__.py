"""The cases, one module a subject; each has `cases()`. Builders take parameters: the rows are some of their values."""
