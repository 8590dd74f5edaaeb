"""The analyst's pages, rendered on the server by the functions that the API uses too."""
