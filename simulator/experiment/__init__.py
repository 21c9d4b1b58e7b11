"""Experiments: replications and variants in parallel, their statistics, and result folders."""
