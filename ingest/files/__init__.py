"""Readers of files: ethereum-etl exports, the product's own CSV form, and event files line by line."""

from ingest.files.ethereum_etl import read_ethereum_etl
from ingest.files.transfer_csv import read_csv

__all__ = ["read_csv", "read_ethereum_etl"]
