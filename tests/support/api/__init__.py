"""Objects of a record that tests make over HTTP, to ask the API for them."""
