"""Health checks as load balancers do them: probes, ejections, panic, slow start; one idea a file."""
