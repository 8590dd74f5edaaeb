// Question: How many transfers up to the watermark have been restated after it?
// Params: watermark
// Returns: transfers
CYPHER 25
MATCH ()-[t:TRANSFER]->()
WHERE t.revision > $watermark AND t.batch <= $watermark
RETURN count(t) AS transfers
