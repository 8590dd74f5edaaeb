"""Long work on the stores and the status of ingestion; the API, the pages and the commands call it here."""
