"""Before the product works: tables and topics, passwords of containers, files for a producer of one's own."""
