"""From exposures to scores: the policy, the engines, the run and its explanation."""
