"""Files: they last through a power failure, or are for nobody else, or were written by users."""
