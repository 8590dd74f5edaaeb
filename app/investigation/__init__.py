"""Investigating in the graph: numbered questions, their guide, and links to Neo4j Browser."""
