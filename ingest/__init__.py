"""From the wire to the record: the event, its producers, and the consumer that writes it down."""
