"""The policy: severities, hop weights, bands and rules, and the levels that follow from them."""
