// Question: How many of the transfers a run has seen carry another annotation than they did then?
// Params: watermark
// Returns: transfers
CYPHER 25
MATCH ()-[t:TRANSFER]->()
WHERE t.revision > $watermark AND t.batch <= $watermark
RETURN count(t) AS transfers
