"""What is measured: the recorder's hooks, histograms, metric names and the record of one replication."""
