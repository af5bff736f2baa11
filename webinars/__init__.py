"""Everything that is true about webinars, whoever asks."""
