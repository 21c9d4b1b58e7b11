"""Reports: terminal summary, figures, HTML. They read results and never the model."""
