"""The two engines that compute exposures; both give the same numbers."""
