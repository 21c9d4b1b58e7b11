"""What can be measured: names, units and meaning of metrics, expectations of them, margins, kinds of events."""
