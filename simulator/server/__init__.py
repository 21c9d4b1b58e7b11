"""What serves: edges, cores, storage and balancers, with their queues, pauses and errors."""
