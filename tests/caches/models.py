"""Caches written to be obviously right: lists, linear searches, one rule after the other as the papers
state it.

They share no code and no data structure with the package, and are as slow as they look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Entry:
    key: object
    ttl_s: float
    expires_at_s: float
    ceiling_s: float = math.inf
    uses: int = 1
    last_use: int = 0
    visited: bool = False


class Model:
    """A list of entries, oldest fill first; subclasses choose the victim."""

    def __init__(self, capacity: int, ttl_s: float, sliding: bool):
        self.capacity, self.ttl_s, self.sliding = capacity, ttl_s, sliding
        self.entries: list[Entry] = []
        self.evicted: list[tuple[object, float]] = []
        self.clock = 0  # counts uses

    def find(self, key):
        return next((e for e in self.entries if e.key == key), None)

    def use(self, entry):
        self.clock += 1
        entry.last_use = self.clock
        entry.uses += 1
        entry.visited = True

    def lookup(self, key, now_s):
        """("hit" | "expired" | "cold")"""
        entry = self.find(key)
        if entry is None:
            return "cold"
        if now_s >= entry.expires_at_s:
            self.remove(entry)
            return "expired"
        if self.sliding:
            entry.expires_at_s = min(now_s + entry.ttl_s, entry.ceiling_s)
        self.use(entry)
        return "hit"

    def insert(self, key, now_s, ttl_s=None):
        ttl_s = self.ttl_s if ttl_s is None else ttl_s
        entry = self.find(key)
        if entry is not None:
            self.use(entry)
            entry.ttl_s, entry.expires_at_s, entry.ceiling_s = ttl_s, now_s + ttl_s, math.inf
            return
        if len(self.entries) == self.capacity:
            victim = self.victim()
            self.remove(victim)
            self.evicted.append((victim.key, victim.expires_at_s))
        self.clock += 1
        self.entries.append(Entry(key, ttl_s, now_s + ttl_s, last_use=self.clock))

    def truncate(self, key, expires_at_s):
        entry = self.find(key)
        if entry is not None:
            entry.ceiling_s = min(entry.ceiling_s, expires_at_s)
            entry.expires_at_s = min(entry.expires_at_s, expires_at_s)

    def discard(self, key):
        entry = self.find(key)
        if entry is not None:
            self.remove(entry)
        return entry is not None

    def clear(self):
        for entry in list(self.entries):
            self.remove(entry)

    def remove(self, entry):
        self.entries.remove(entry)

    def victim(self):
        raise NotImplementedError


class FifoModel(Model):
    def victim(self):
        return self.entries[0]


class LruModel(Model):
    def victim(self):
        return min(self.entries, key=lambda e: e.last_use)


class LfuModel(Model):
    def victim(self):
        return min(self.entries, key=lambda e: (e.uses, e.last_use))


class SieveModel(Model):
    """The paper's algorithm 1: `hand` is an entry or None; tail is index 0, head the last index."""

    hand: Entry | None = None

    def newer(self, entry):
        at = self.entries.index(entry) + 1
        return self.entries[at] if at < len(self.entries) else None

    def victim(self):
        o = self.hand or self.entries[0]
        while o.visited:
            o.visited = False
            o = self.newer(o) or self.entries[0]
        self.hand = o
        return o

    def remove(self, entry):
        if entry is self.hand:
            self.hand = self.newer(entry)
        super().remove(entry)


class S3FifoModel(Model):
    """The paper's algorithm 1, with capacity/10 places (at least one) in S; the rest bounds M and the
    ghosts G."""

    def __init__(self, capacity, ttl_s, sliding):
        super().__init__(capacity, ttl_s, sliding)
        self.s, self.m, self.g = [], [], []  # oldest first
        self.small = max(1, capacity // 10)

    def use(self, entry):
        entry.uses = min(entry.uses + 1, 4)  # a fill counts as one here, so 4 is the paper's freq 3

    def insert(self, key, now_s, ttl_s=None):
        new, ghost = self.find(key) is None, key in self.g
        super().insert(key, now_s, ttl_s)
        if new and ghost:
            self.m.append(self.entries[-1])
            self.g = [k for k in self.g if k != key]
        elif new:
            self.s.append(self.entries[-1])

    def victim(self):
        while len(self.s) >= self.small or not self.m:
            t = self.s[0]
            if t.uses <= 2:
                self.g = [*self.g, t.key][-(self.capacity - self.small) :] if self.capacity > self.small else []
                return t
            t.uses = 1
            self.m.append(self.s.pop(0))
            if len(self.m) > self.capacity - self.small:
                break
        while self.m[0].uses > 1:
            self.m[0].uses -= 1
            self.m.append(self.m.pop(0))
        return self.m[0]

    def remove(self, entry):
        super().remove(entry)
        (self.s if entry in self.s else self.m).remove(entry)

    def clear(self):
        super().clear()
        self.g = []


class UnlimitedModel(Model):
    """Never full."""


MODELS = {"fifo": FifoModel, "lru": LruModel, "lfu": LfuModel, "s3fifo": S3FifoModel, "sieve": SieveModel}
