"""HAProxy's configuration: its sticky cookie, checks and redispatch; the rest is as installed."""

from __future__ import annotations

from validation.settings import Settings


def configuration(settings: Settings, port: int, edges: list[int]) -> str:
    """The whole file; a connection to an edge carries one request, so that none is found closed when it is used."""
    servers = "\n".join(
        f"  server edge-{number} 127.0.0.1:{edge} cookie edge-{number}" for number, edge in enumerate(edges, 1)
    )
    inter = round(1000 * settings.check_every)
    return f"""global
  log stdout format raw local0 notice
  maxconn 4000
  nbthread 1
defaults
  mode http
  log global
  option http-server-close
  option redispatch
  option log-health-checks
  retries {settings.retries}
  timeout connect 5s
  timeout client 30s
  timeout server {round(1000 * settings.server_timeout)}ms
frontend lb
  bind 127.0.0.1:{port}
  default_backend edges
backend edges
  balance roundrobin
  cookie EDGE insert indirect nocache
  option httpchk GET /health
  default-server check inter {inter}ms fall {settings.fall} rise {settings.rise}
{servers}
"""
