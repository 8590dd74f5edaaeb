"""The engine `spark`: the passes of the ledger engine hop by hop, on as many machines as Spark has."""
