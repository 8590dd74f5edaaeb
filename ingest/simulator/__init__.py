"""A story by seed: ordinary payments and laundering, with labels and the truth about every crime."""

from ingest.simulator.simulate import simulate
from ingest.simulator.story import LabelRow, Story, write_story

__all__ = ["LabelRow", "Story", "simulate", "write_story"]
