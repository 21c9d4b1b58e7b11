"""The actors: clients, edge nodes, core nodes and storage. They import families, kernel and requests only."""
