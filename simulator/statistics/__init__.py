"""What can be said of a number: intervals, paired differences, batch means."""
