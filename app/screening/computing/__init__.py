"""What screenings compute: with paths of the graph, and a run's arithmetic."""
