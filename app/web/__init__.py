"""The analyst's pages: server-rendered, from the same functions that the API answers with."""
