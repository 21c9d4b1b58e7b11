"""Client groups: how agents open sessions, send requests, measure, retry and fail over."""
