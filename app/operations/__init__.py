"""Long work on the stores, and the status of ingestion: called by the API, the pages and the commands."""
