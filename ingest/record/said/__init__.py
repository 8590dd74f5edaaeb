"""Who said what: imports whose words can be withdrawn (decision 37)."""
