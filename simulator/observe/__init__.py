"""What is measured of a run: the recorder, one window of named counts, histograms, the record of a replication."""
