"""Readers of files: what people hold of chains, and the product's own forms, as transfers."""

from ingest.files.ethereum_etl import read_ethereum_etl
from ingest.files.transfer_csv import read_csv

__all__ = ["read_csv", "read_ethereum_etl"]
