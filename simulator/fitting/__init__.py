"""A workload out of a log, and how far to trust it: `fit` and `backtest`, one part of a workload a file.

May import: logs, numpy, scipy; the experiment in `backtest` only. Does not model: the service that answered the log.
"""
