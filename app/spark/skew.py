"""Keeps, over all tasks, the wallet whose steps took longest."""

from pyspark.accumulators import AccumulatorParam

from app.spark.tasks import Slowest


class LargestOf(AccumulatorParam[Slowest]):
    """The larger of two."""

    def zero(self, value: Slowest) -> Slowest:  # noqa: ARG002 - PySpark's signature
        """What tasks begin with."""
        return Slowest()

    def addInPlace(self, value1: Slowest, value2: Slowest) -> Slowest:  # noqa: N802 - PySpark's name
        """The one that took longer."""
        return max(value1, value2)
